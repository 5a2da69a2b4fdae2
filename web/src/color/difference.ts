// How different two colors look: CIEDE2000 (Sharma, Wu and Dalal 2005, whose equation numbers are used), about 1 is just
// noticeable side by side. The same numbers as adacolvit/color/difference.py; the browser tests hold the two together.

import type { Triple } from "./color";

const DEGREE = Math.PI / 180;
const TURN = 2 * Math.PI;

/** Eq. 4 and 17: how much of the largest correction a chroma gets. */
const share = (chroma: number) => Math.sqrt(chroma ** 7 / (chroma ** 7 + 25 ** 7));

/** Two Lab colors -> difference, >= 0. */
export function ciede2000([l1, a1, b1]: Triple, [l2, a2, b2]: Triple): number {
  const stretch = 1.5 - 0.5 * share((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2); // Eq. 3, 4
  const [c1, c2] = [Math.hypot(a1 * stretch, b1), Math.hypot(a2 * stretch, b2)]; // Eq. 5, 6
  const hue = (a: number, b: number) => (Math.atan2(b, a * stretch) + TURN) % TURN; // Eq. 7
  const [h1, h2] = [hue(a1, b1), hue(a2, b2)];

  const across = Math.abs(h2 - h1) > Math.PI; // the shorter way round passes hue 0
  const turn = h2 - h1 - (across ? TURN * Math.sign(h2 - h1) : 0);
  const dh = 2 * Math.sqrt(c1 * c2) * Math.sin(turn / 2); // Eq. 10, 11; 0 for grays

  const [l, c] = [(l1 + l2) / 2, (c1 + c2) / 2]; // Eq. 12, 13
  const total = h1 + h2;
  const h = c1 * c2 === 0 ? total : (across ? total + (total < TURN ? TURN : -TURN) : total) / 2; // Eq. 14
  const t =
    1 -
    0.17 * Math.cos(h - 30 * DEGREE) +
    0.24 * Math.cos(2 * h) +
    0.32 * Math.cos(3 * h + 6 * DEGREE) -
    0.2 * Math.cos(4 * h - 63 * DEGREE); // Eq. 15
  const rotation = 30 * DEGREE * Math.exp(-(((h / DEGREE - 275) / 25) ** 2)); // Eq. 16
  const dL = (l2 - l1) / (1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2)); // Eq. 18
  const dC = (c2 - c1) / (1 + 0.045 * c); // Eq. 19
  const dH = dh / (1 + 0.015 * c * t); // Eq. 20
  const rT = -Math.sin(2 * rotation) * 2 * share(c); // Eq. 17, 21
  return Math.sqrt(Math.max(0, dL ** 2 + dC ** 2 + dH ** 2 + rT * dC * dH)); // Eq. 22
}
