/**
 * sRGB of a linear channel v in 0..1 without a power, which is slow where there is no graphics card:
 * roots[0] * v^(1/2) + roots[1] * v^(1/4) + roots[2] * v^(1/8) + linear * v + constant, a least-squares fit that is off by
 * 0.05 of a byte at most; up to `dark` it is line * v.
 */
export const SRGB = {
  roots: [0.63277911, 0.73923422, -0.36188192] as const,
  linear: -0.01658471,
  constant: 0.0064343,
  dark: 0.0031308,
  line: 12.92,
};
