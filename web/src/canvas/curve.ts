/**
 * sRGB of a linear channel v in 0..1 without a power, which is slow where there is no graphics card: a polynomial of the
 * fourth root of v, its coefficients from the highest down. Of all of this degree it is off by the least, 0.055 of a byte; up
 * to `dark` it is line * v.
 */
export const SRGB = {
  ofRoot: [-0.13682223, 0.95256664, 0.25580326, -0.07176268] as const,
  dark: 0.0031308,
  line: 12.92,
};
