// Lab (D65) <-> sRGB for single colors: the picker and the hex field. The shader's constants come from here too.
// Same numbers as adacolvit/color/lab.py and gamut.py; the browser tests hold the two against each other.

export type Triple = [number, number, number];

export const WHITE: Triple = [0.95047, 1, 1.08883];
const RGB_TO_XYZ: [Triple, Triple, Triple] = [
  [0.412453, 0.35758, 0.180423],
  [0.212671, 0.71516, 0.072169],
  [0.019334, 0.119193, 0.950227],
];
export const DELTA = 6 / 29; // where Lab's cube root gives way to a line
export const TOLERANCE = 1e-4; // of a linear channel: displayable means within [-TOLERANCE, 1 + TOLERANCE]
export const HALVINGS = 8; // of the chroma of a color that no screen shows, until one does

/** Linear sRGB -> X/Xn, Y/Yn, Z/Zn. */
export const toXyz = RGB_TO_XYZ.map((row, i) => row.map((v) => v / WHITE[i]!)) as [Triple, Triple, Triple];
/** X/Xn, Y/Yn, Z/Zn -> linear sRGB. */
export const fromXyz = inverse(toXyz);

function inverse([[a, b, c], [d, e, f], [g, h, i]]: [Triple, Triple, Triple]): [Triple, Triple, Triple] {
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  return [
    [(e * i - f * h) / det, (c * h - b * i) / det, (b * f - c * e) / det],
    [(f * g - d * i) / det, (a * i - c * g) / det, (c * d - a * f) / det],
    [(d * h - e * g) / det, (b * g - a * h) / det, (a * e - b * d) / det],
  ];
}

function mix(matrix: [Triple, Triple, Triple], v: Triple): Triple {
  return matrix.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as Triple;
}

export const toLinear = (v: number) => (v > 0.04045 ? ((v + 0.055) / 1.055) ** 2.4 : v / 12.92);
export const toSrgb = (v: number) => (v > 0.0031308 ? 1.055 * v ** (1 / 2.4) - 0.055 : 12.92 * v);
/** Lab's cube root with a line near 0, and back. */
export const f = (t: number) => (t > DELTA ** 3 ? Math.cbrt(t) : t / (3 * DELTA ** 2) + 4 / 29);
export const fInverse = (t: number) => (t > DELTA ? t * t * t : 3 * DELTA * DELTA * (t - 4 / 29));

/** Lightness (0..100) of a gray byte (0..255). */
export function grayToLightness(gray: number): number {
  return 116 * f(toLinear(gray / 255)) - 16;
}

function labToLinear(L: number, a: number, b: number): Triple {
  const fy = (L + 16) / 116;
  return mix(fromXyz, [fInverse(fy + a / 500), fInverse(fy), fInverse(fy - b / 200)]);
}

/** Whether a linear channel is one that a screen has. */
export const shows = (v: number) => v >= -TOLERANCE && v <= 1 + TOLERANCE;
/** Whether X/Xn, Y/Yn, Z/Zn is a color of the screen. Written out: the picker asks ten thousand times at a click. */
function isShown(x: number, y: number, z: number): boolean {
  const [r, g, b] = fromXyz;
  return (
    shows(r[0] * x + r[1] * y + r[2] * z) && shows(g[0] * x + g[1] * y + g[2] * z) && shows(b[0] * x + b[1] * y + b[2] * z)
  );
}

export function isDisplayable(L: number, a: number, b: number): boolean {
  const fy = (L + 16) / 116;
  return isShown(fInverse(fy + a / 500), fInverse(fy), fInverse(fy - b / 200));
}

/** Lab -> sRGB bytes, each clipped. */
function labToBytes(L: number, a: number, b: number): Triple {
  return labToLinear(L, a, b).map((v) => Math.round(255 * toSrgb(Math.min(1, Math.max(0, v))))) as Triple;
}

/** Whole numbers 0..255 -> `#rrggbb`. */
export const bytesToHex = (rgb: readonly number[]): string => `#${rgb.map((v) => v.toString(16).padStart(2, "0")).join("")}`;

/** `#rrggbb` -> R, G, B in 0..255. */
export const hexToBytes = (hex: string): Triple => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)) as Triple;

export const labToHex = (L: number, a: number, b: number): string => bytesToHex(labToBytes(L, a, b));

/** `#rrggbb` -> Lab. */
export function hexToLab(hex: string): Triple {
  const linear = hexToBytes(hex).map((v) => toLinear(v / 255)) as Triple;
  const [x, y, z] = mix(toXyz, linear).map(f) as Triple;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** What a person typed -> `#rrggbb`, or null. Takes 7b4a2d, #7B4A2D, #abc. */
export function readHex(text: string): string | null {
  const digits = text.trim().replace(/^#/, "").toLowerCase();
  if (/^[0-9a-f]{6}$/.test(digits)) return `#${digits}`;
  if (/^[0-9a-f]{3}$/.test(digits)) return `#${[...digits].map((d) => d + d).join("")}`;
  return null;
}
