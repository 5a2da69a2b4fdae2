// AssemblyScript: from the network's color to the planes that carry it to any size, as adacolvit/runtime/upsample.py makes them.
// Planes of `height` rows of `width` float32, a multiple of four. Pointers are bytes.

const EPSILON: f32 = 256;
const SHARPEN: f32 = 0.75;
const STEPS: f32 = 256; // of a frame's colors to a Lab unit
const MIDDLE: f32 = 50; // L is counted from here, so that less is lost where its products are rounded

@inline function add(a: v128, b: v128): v128 { return f32x4.add(a, b); }
@inline function sub(a: v128, b: v128): v128 { return f32x4.sub(a, b); }
@inline function mul(a: v128, b: v128): v128 { return f32x4.mul(a, b); }
@inline function sharpened(value: v128, mean: v128): v128 { return add(value, mul(f32x4.splat(SHARPEN), sub(value, mean))); }

/** The row above or below, or the row itself at the border. */
@inline function beside(row: usize, y: i32, by: i32, height: i32, bytes: usize): usize {
  return y + by < 0 || y + by >= height ? row : by < 0 ? row - bytes : row + bytes;
}

/** A row of sums, with its ends repeated on either side. */
@inline function close(sums: usize, bytes: usize): void {
  store<f32>(sums - 4, load<f32>(sums));
  store<f32>(sums + bytes, load<f32>(sums + bytes - 4));
}

/** Mean over three, of a closed row of sums over three. */
@inline function mean3(sums: usize, x: usize): v128 {
  const at = sums + x;
  return mul(add(add(v128.load(at - 4), v128.load(at)), v128.load(at + 4)), f32x4.splat(1.0 / 9.0));
}

/**
 * What of a photo's lightness every frame needs: itself from MIDDLE on, its mean over 3 x 3 pixels, 1 / (its variance there + EPSILON),
 * and L sharpened. `row`: memory for two rows and 48 bytes.
 */
export function prepare(lightness: usize, mean: usize, inverse: usize, sharp: usize, row: usize, height: i32, width: i32): void {
  const bytes = <usize>width << 2, sums = row + 16, squares = sums + bytes + 16, middle = f32x4.splat(MIDDLE);
  for (let x: usize = 0; x < <usize>height * bytes; x += 16) v128.store(lightness + x, sub(v128.load(lightness + x), middle));
  for (let y: i32 = 0; y < height; y++) {
    const at = <usize>y * bytes, here = lightness + at;
    const above = beside(here, y, -1, height, bytes), below = beside(here, y, 1, height, bytes);
    for (let x: usize = 0; x < bytes; x += 16) {
      const a = v128.load(above + x), b = v128.load(here + x), c = v128.load(below + x);
      v128.store(sums + x, add(add(a, b), c));
      v128.store(squares + x, add(add(mul(a, a), mul(b, b)), mul(c, c)));
    }
    close(sums, bytes);
    close(squares, bytes);
    for (let x: usize = 0; x < bytes; x += 16) {
      const m = mean3(sums, x), variance = sub(mean3(squares, x), mul(m, m));
      v128.store(mean + at + x, m);
      v128.store(inverse + at + x, f32x4.div(f32x4.splat(1), add(variance, f32x4.splat(EPSILON))));
      v128.store(sharp + at + x, add(sharpened(v128.load(here + x), m), middle));
    }
  }
}

/** Four of a frame's colors -> Lab units. */
@inline function color(at: usize): v128 {
  return mul(f32x4.convert_i32x4_s(v128.load16x4_s(at)), f32x4.splat(1 / STEPS));
}

/**
 * One of a frame's two colors -> how fast it changes with lightness, not yet smoothed, and the color sharpened. `steps`: int16,
 * STEPS to a Lab unit; the others as of prepare.
 */
export function slopes(
  steps: usize, lightness: usize, mean: usize, inverse: usize, slope: usize, sharpColor: usize, row: usize, height: i32, width: i32,
): void {
  const bytes = <usize>width << 2, sums = row + 16, products = sums + bytes + 16;
  for (let y: i32 = 0; y < height; y++) {
    const at = <usize>y * bytes, here = lightness + at, ours = steps + (at >> 1);
    const above = beside(here, y, -1, height, bytes), below = beside(here, y, 1, height, bytes);
    const oursAbove = beside(ours, y, -1, height, bytes >> 1), oursBelow = beside(ours, y, 1, height, bytes >> 1);
    for (let x: usize = 0; x < bytes; x += 16) {
      const a = color(oursAbove + (x >> 1)), b = color(ours + (x >> 1)), c = color(oursBelow + (x >> 1));
      v128.store(sums + x, add(add(a, b), c));
      v128.store(products + x, add(add(mul(a, v128.load(above + x)), mul(b, v128.load(here + x))), mul(c, v128.load(below + x))));
    }
    close(sums, bytes);
    close(products, bytes);
    for (let x: usize = 0; x < bytes; x += 16) {
      const m = mean3(sums, x), covariance = sub(mean3(products, x), mul(m, v128.load(mean + at + x)));
      v128.store(slope + at + x, mul(covariance, v128.load(inverse + at + x)));
      v128.store(sharpColor + at + x, sharpened(color(ours + (x >> 1)), m));
    }
  }
}

/** What slopes made of both colors -> A_a, A_b, B_a, B_b of each pixel side by side; ab = A * L + B. */
export function planes(
  out: usize, slopeA: usize, slopeB: usize, sharpA: usize, sharpB: usize, sharp: usize, row: usize, height: i32, width: i32,
): void {
  const bytes = <usize>width << 2, sumsA = row + 16, sumsB = sumsA + bytes + 16;
  for (let y: i32 = 0; y < height; y++) {
    const at = <usize>y * bytes, hereA = slopeA + at, hereB = slopeB + at;
    const aboveA = beside(hereA, y, -1, height, bytes), belowA = beside(hereA, y, 1, height, bytes);
    const aboveB = beside(hereB, y, -1, height, bytes), belowB = beside(hereB, y, 1, height, bytes);
    for (let x: usize = 0; x < bytes; x += 16) {
      v128.store(sumsA + x, add(add(v128.load(aboveA + x), v128.load(hereA + x)), v128.load(belowA + x)));
      v128.store(sumsB + x, add(add(v128.load(aboveB + x), v128.load(hereB + x)), v128.load(belowB + x)));
    }
    close(sumsA, bytes);
    close(sumsB, bytes);
    for (let x: usize = 0; x < bytes; x += 16) {
      const a = mean3(sumsA, x), b = mean3(sumsB, x), light = v128.load(sharp + at + x);
      const c = sub(v128.load(sharpA + at + x), mul(a, light)), d = sub(v128.load(sharpB + at + x), mul(b, light));
      const low = i32x4.shuffle(a, b, 0, 4, 1, 5), high = i32x4.shuffle(a, b, 2, 6, 3, 7);
      const low2 = i32x4.shuffle(c, d, 0, 4, 1, 5), high2 = i32x4.shuffle(c, d, 2, 6, 3, 7);
      const to = out + ((at + x) << 2);
      v128.store(to, i64x2.shuffle(low, low2, 0, 2));
      v128.store(to, i64x2.shuffle(low, low2, 1, 3), 16);
      v128.store(to, i64x2.shuffle(high, high2, 0, 2), 32);
      v128.store(to, i64x2.shuffle(high, high2, 1, 3), 48);
    }
  }
}
