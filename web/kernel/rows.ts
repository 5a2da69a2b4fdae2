// AssemblyScript: a row of the picture at a time, four pixels at once, for where no graphics card draws. What the shader
// does (src/canvas/gl/shaders.ts), with its numbers: src/canvas/cpu/kernel.ts writes them where C_ says before any call.
// A color is f = (L + 16) / 116 and, from the planes, the quad (P, Q, R, T): Lab's f of X is f * P + Q, that of Z is f * R + T.
// Pointers are bytes; rows may be read and written up to three pixels beyond their end.

const C_MATRIX: usize = 0; // nine: X, Y, Z -> linear red, green, blue
const C_DELTA: usize = 9; // where Lab's cube gives way to a line: C_SLOPE * f - C_SHIFT
const C_SLOPE: usize = 10;
const C_SHIFT: usize = 11;
const C_MOST: usize = 12; // of a displayable linear channel
const C_LEAST: usize = 13;
const C_DARK: usize = 14; // where sRGB's curve gives way to a line
const C_CURVE: usize = 15; // four: of the fourth root, its third power first
const C_LINE: usize = 19; // of v
const C_WHOLE: usize = 20; // what is added so that a whole number is left in the low bits
const C_ONE: usize = 21;
const C_HALVINGS: usize = 22; // of the chroma
const CONSTANTS: usize = 1024; // where they are, each four times

@inline function c(i: usize): v128 { return v128.load(CONSTANTS + (i << 4)); }
@inline function halvings(): i32 { return <i32>load<f32>(CONSTANTS + (C_HALVINGS << 4)); }
@inline function add(a: v128, b: v128): v128 { return f32x4.add(a, b); }
@inline function sub(a: v128, b: v128): v128 { return f32x4.sub(a, b); }
@inline function mul(a: v128, b: v128): v128 { return f32x4.mul(a, b); }
@inline function mix(a: v128, b: v128, t: v128): v128 { return add(a, mul(sub(b, a), t)); }
@inline function all(a: usize, b: usize, offset: usize, t: v128): v128 { return mix(v128.load(a + offset), v128.load(b + offset), t); }

@inline function third(f: v128): v128 { return mul(mul(f, f), f); }

/** Lab's f -> X, Y or Z of white. */
@inline function cube(f: v128): v128 {
  return v128.bitselect(third(f), sub(mul(f, c(C_SLOPE)), c(C_SHIFT)), f32x4.gt(f, c(C_DELTA)));
}

@inline function channel(row: usize, x: v128, y: v128, z: v128): v128 {
  return add(add(mul(c(C_MATRIX + row), x), mul(c(C_MATRIX + row + 1), y)), mul(c(C_MATRIX + row + 2), z));
}

/** Linear, above C_DARK and at most one -> its byte of sRGB in the low bits. */
@inline function bright(v: v128): v128 {
  const root = f32x4.sqrt(f32x4.sqrt(v));
  const low = add(mul(add(mul(c(C_CURVE), root), c(C_CURVE + 1)), root), c(C_CURVE + 2));
  return add(add(mul(low, root), c(C_CURVE + 3)), c(C_WHOLE));
}

@inline function byte(v: v128): v128 {
  const held = f32x4.pmin(f32x4.pmax(v, f32x4.splat(0)), c(C_ONE));
  const line = add(mul(held, c(C_LINE)), c(C_WHOLE));
  return v128.bitselect(bright(f32x4.pmax(held, c(C_DARK))), line, f32x4.gt(held, c(C_DARK)));
}

@inline function pack(r: v128, g: v128, b: v128): v128 {
  const low = i32x4.splat(255);
  const red = v128.and(r, low), green = i32x4.shl(v128.and(g, low), 8), blue = i32x4.shl(v128.and(b, low), 16);
  return v128.or(v128.or(red, green), v128.or(blue, i32x4.splat(0xff000000)));
}

@inline function displayable(r: v128, g: v128, b: v128): v128 {
  const most = f32x4.pmax(f32x4.pmax(r, g), b), least = f32x4.pmin(f32x4.pmin(r, g), b);
  return v128.and(f32x4.le(most, c(C_MOST)), f32x4.ge(least, c(C_LEAST)));
}

/** The part of its chroma that a color keeps where a linear channel is `gray` without chroma and `full` with all of it. */
@inline function kept(gray: v128, full: v128): v128 {
  const bound = v128.bitselect(c(C_LEAST), c(C_MOST), f32x4.lt(full, gray));
  return f32x4.div(sub(bound, gray), sub(full, gray));
}

/** Four pixels of which one at least is dark, or beyond what a screen shows: there chroma is lowered until it is not. */
function careful(f: v128, fx: v128, fz: v128): v128 {
  const y = cube(f);
  const x = cube(fx), z = cube(fz);
  let r = channel(0, x, y, z), g = channel(3, x, y, z), b = channel(6, x, y, z);
  const fits = displayable(r, g, b);
  if (!i32x4.all_true(fits)) {
    const dark = f32x4.le(f32x4.pmax(f32x4.pmax(fx, fz), f), c(C_DELTA));
    const curved = f32x4.gt(f32x4.pmin(f32x4.pmin(fx, fz), f), c(C_DELTA));
    if (i32x4.all_true(dark)) {
      // Near black all is linear, and so is the way to gray: no search is needed for where it enters what a screen shows.
      const parts = f32x4.splat(<f32>(1 << halvings())); // as far as the search below goes
      const share = f32x4.pmin(f32x4.pmin(kept(y, r), kept(y, g)), kept(y, b));
      const low = v128.bitselect(f32x4.splat(1), f32x4.div(f32x4.floor(mul(share, parts)), parts), fits);
      r = mix(y, r, low);
      g = mix(y, g, low);
      b = mix(y, b, low);
    } else {
      const low = i32x4.all_true(curved) ? searched(f, fx, fz, y, true) : searched(f, fx, fz, y, false);
      const share = v128.bitselect(f32x4.splat(1), low, fits);
      const x = cube(add(f, mul(sub(fx, f), share))), z = cube(add(f, mul(sub(fz, f), share)));
      r = channel(0, x, y, z);
      g = channel(3, x, y, z);
      b = channel(6, x, y, z);
    }
  }
  return pack(byte(r), byte(g), byte(b));
}

/** The part of its chroma that a color keeps. `curved`: nothing on its way to gray is on the line near black. */
@inline function searched(f: v128, fx: v128, fz: v128, y: v128, curved: bool): v128 {
  const dx = sub(fx, f), dz = sub(fz, f);
  const steps = halvings();
  let low = f32x4.splat(0), step = f32x4.splat(1);
  for (let i = 0; i < steps; i++) {
    step = mul(step, f32x4.splat(0.5));
    const middle = add(low, step), atX = add(f, mul(dx, middle)), atZ = add(f, mul(dz, middle));
    const x = curved ? third(atX) : cube(atX), z = curved ? third(atZ) : cube(atZ);
    low = add(low, v128.and(step, displayable(channel(0, x, y, z), channel(3, x, y, z), channel(6, x, y, z))));
  }
  return low;
}

/**
 * Colors `count` pixels: `out` R, G, B, 255 of each; `lightness` their f as float32; `above` and `below` the rows of quads
 * on either side, spread out (P of all pixels, `stride` bytes further Q, R, T), `share` of the way from one to the other.
 */
export function color(out: usize, lightness: usize, above: usize, below: usize, stride: usize, share: f32, count: usize): void {
  const t = f32x4.splat(share), end = count << 2;
  for (let o: usize = 0; o < end; o += 16) {
    const f = v128.load(lightness + o);
    const fx = add(mul(f, all(above, below, o, t)), all(above, below, o + stride, t));
    const fz = add(mul(f, all(above, below, o + 2 * stride, t)), all(above, below, o + 3 * stride, t));
    const x = third(fx), y = third(f), z = third(fz);
    const r = channel(0, x, y, z), g = channel(3, x, y, z), b = channel(6, x, y, z);
    const most = f32x4.pmax(f32x4.pmax(r, g), b), least = f32x4.pmin(f32x4.pmin(r, g), b);
    const curved = f32x4.gt(f32x4.pmin(f32x4.pmin(fx, fz), f), c(C_DELTA));
    const easy = v128.and(v128.and(f32x4.le(most, c(C_MOST)), f32x4.gt(least, c(C_DARK))), curved);
    const four = i32x4.all_true(easy) ? pack(bright(r), bright(g), bright(b)) : careful(f, fx, fz);
    if (o + 16 <= end) v128.store(out + o, four);
    else {
      // What follows the row belongs to somebody else.
      store<i32>(out + o, i32x4.extract_lane(four, 0));
      if (o + 4 < end) store<i32>(out + o, i32x4.extract_lane(four, 1), 4);
      if (o + 8 < end) store<i32>(out + o, i32x4.extract_lane(four, 2), 8);
    }
  }
}

/** The same where nothing has a color: `gray` a byte of each pixel. */
export function uncolored(out: usize, gray: usize, count: usize): void {
  for (let i: usize = 0; i < count; i++) store<i32>(out + (i << 2), 0xff000000 | (<i32>load<u8>(gray + i) * 0x10101));
}

/** Of four pixels the two texels on either side of each, in one row of texels: their bytes, side by side. */
@inline function pairs(row: usize, left: v128): v128 {
  let both = v128.load16_lane(row + <usize>i32x4.extract_lane(left, 0), i32x4.splat(0), 0);
  both = v128.load16_lane(row + <usize>i32x4.extract_lane(left, 1), both, 1);
  both = v128.load16_lane(row + <usize>i32x4.extract_lane(left, 2), both, 2);
  both = v128.load16_lane(row + <usize>i32x4.extract_lane(left, 3), both, 3);
  return i16x8.extend_low_i8x16_u(both);
}

/** f of a gray, 16 to a byte. */
@inline function looked(table: usize, value: i32): f32 { return load<f32>(table + (<usize>value << 2)); }

/**
 * Reads a row of gray between texels. Where from: for each pixel a u32 in `at`, the left texel's place in its row << 8 and
 * the right one's share of 256; `above` and `below` are the rows of texels, `share` of 256 the lower one's. `table` has f
 * for 4081 grays, 16 to a byte. Gives f as float32 and the gray as a byte.
 */
export function sample(
  lightness: usize, gray: usize, table: usize, at: usize, above: usize, below: usize, share: i32, count: usize,
): void {
  const upper = i32x4.splat(256 - share), lower = i32x4.splat(share);
  const whole = i32x4.splat(256), low = i32x4.splat(255), half = i32x4.splat(2048), eight = i32x4.splat(8);
  let i: usize = 0;
  for (; i + 4 <= count; i += 4) {
    const place = v128.load(at + (i << 2)), left = i32x4.shr_u(place, 8), right = v128.and(place, low);
    const shares = v128.or(i32x4.sub(whole, right), i32x4.shl(right, 16)); // of the left and the right one, 16 bits each
    const top = i32x4.dot_i16x8_s(pairs(above, left), shares), bottom = i32x4.dot_i16x8_s(pairs(below, left), shares);
    const value = i32x4.shr_u(i32x4.add(i32x4.add(i32x4.mul(top, upper), i32x4.mul(bottom, lower)), half), 12);
    const to = lightness + (i << 2);
    store<f32>(to, looked(table, i32x4.extract_lane(value, 0)));
    store<f32>(to, looked(table, i32x4.extract_lane(value, 1)), 4);
    store<f32>(to, looked(table, i32x4.extract_lane(value, 2)), 8);
    store<f32>(to, looked(table, i32x4.extract_lane(value, 3)), 12);
    const bytes = i32x4.shr_u(i32x4.add(value, eight), 4), words = i16x8.narrow_i32x4_u(bytes, bytes);
    v128.store32_lane(gray + i, i8x16.narrow_i16x8_u(words, words), 0);
  }
  for (; i < count; i++) { // what follows the row's places is of other rows
    const place = load<u32>(at + (i << 2)), left = <usize>(place >> 8), right = <i32>(place & 255);
    const top = <i32>load<u8>(above + left) * (256 - right) + <i32>load<u8>(above + left, 1) * right;
    const bottom = <i32>load<u8>(below + left) * (256 - right) + <i32>load<u8>(below + left, 1) * right;
    const value = (top * (256 - share) + bottom * share + 2048) >> 12;
    store<f32>(lightness + (i << 2), looked(table, value));
    store<u8>(gray + i, (value + 8) >> 4);
  }
}

/** A_a, A_b, B_a, B_b of `count` texels -> their quads; ab = A * L + B, times `chroma`. */
export function quads(out: usize, planes: usize, chroma: f32, count: usize): void {
  const scale = i32x4.shuffle(f32x4.splat(chroma / 500), f32x4.splat(chroma / -200), 0, 4, 0, 4);
  const slope = f32x4(116, 116, 1, 1), start = f32x4(0, 0, -16, -16), one = f32x4(1, 1, 0, 0);
  for (let o: usize = 0; o < count << 4; o += 16) {
    const four = mul(v128.load(planes + o), scale); // of X and Z: slopes, offsets
    const quad = add(add(one, mul(slope, four)), mul(start, i32x4.shuffle(four, four, 0, 1, 0, 1)));
    v128.store(out + o, i32x4.shuffle(quad, quad, 0, 2, 1, 3)); // P, Q, R, T
  }
}

/** Spreads a row of quads out to pixels, for `color`: `at` has the place of each between the quads, float32. */
export function spread(out: usize, stride: usize, row: usize, columns: i32, at: usize, count: usize): void {
  const last = i32x4.splat(columns - 1), one = i32x4.splat(1), zero = i32x4.splat(0);
  for (let i: usize = 0; i < count; i += 4) {
    const place = v128.load(at + (i << 2)), floor = f32x4.floor(place), share = sub(place, floor);
    const left = i32x4.trunc_sat_f32x4_s(floor);
    const p = i32x4.shl(i32x4.max_s(i32x4.min_s(left, last), zero), 4);
    const q = i32x4.shl(i32x4.max_s(i32x4.min_s(i32x4.add(left, one), last), zero), 4);
    const v0 = quad(row, i32x4.extract_lane(p, 0), i32x4.extract_lane(q, 0), f32x4.extract_lane(share, 0));
    const v1 = quad(row, i32x4.extract_lane(p, 1), i32x4.extract_lane(q, 1), f32x4.extract_lane(share, 1));
    const v2 = quad(row, i32x4.extract_lane(p, 2), i32x4.extract_lane(q, 2), f32x4.extract_lane(share, 2));
    const v3 = quad(row, i32x4.extract_lane(p, 3), i32x4.extract_lane(q, 3), f32x4.extract_lane(share, 3));
    const a = i32x4.shuffle(v0, v1, 0, 4, 1, 5), b = i32x4.shuffle(v2, v3, 0, 4, 1, 5);
    const c = i32x4.shuffle(v0, v1, 2, 6, 3, 7), d = i32x4.shuffle(v2, v3, 2, 6, 3, 7);
    const to = out + (i << 2);
    v128.store(to, i64x2.shuffle(a, b, 0, 2));
    v128.store(to + stride, i64x2.shuffle(a, b, 1, 3));
    v128.store(to + 2 * stride, i64x2.shuffle(c, d, 0, 2));
    v128.store(to + 3 * stride, i64x2.shuffle(c, d, 1, 3));
  }
}

@inline function quad(row: usize, left: i32, right: i32, share: f32): v128 {
  return mix(v128.load(row + <usize>left), v128.load(row + <usize>right), f32x4.splat(share));
}
