// Photoshop's color swatches (.aco): version 1 has bare colors; most files repeat them as version 2, with names.

import { Reader, fromCmyk, fromGray, fromHsb, fromLab, fromRgb } from "./adobe";
import type { Palette, Swatch } from "./palette";

const BYTES_PER_COLOR = 10;

/** Null where this is no such file. The format has no signature, so its lengths must fit. */
export function readAco(bytes: Uint8Array, stem: string): Palette | null {
  const file = new Reader(bytes);
  if (file.left < 4) return null;
  const version = file.u16();
  const count = file.u16();
  if ((version !== 1 && version !== 2) || file.left < count * BYTES_PER_COLOR) return null;
  let swatches = readColors(file, count, version === 2);
  if (version === 1 && file.left >= 4 && file.u16() === 2) swatches = readColors(file, file.u16(), true);
  return { name: stem, swatches };
}

function readColors(file: Reader, count: number, named: boolean): Swatch[] {
  return Array.from({ length: count }, () => {
    const color = readColor(file);
    return { color, name: named ? file.text(file.u32()) : "" };
  }).filter((swatch): swatch is Swatch => swatch.color !== null);
}

/** One color, always four numbers of which its space uses some; null for a color book's reference. */
function readColor(file: Reader): string | null {
  const space = file.u16();
  const signed = space === 7;
  const values = [file.u16(), ...Array.from({ length: 3 }, signed ? file.i16 : file.u16)];
  const shares = values.map((v) => v / 65535);
  switch (space) {
    case 0:
      return fromRgb(shares.slice(0, 3));
    case 1:
      return fromHsb(shares[0]!, shares[1]!, shares[2]!);
    case 2:
      return fromCmyk(shares.map((v) => 1 - v)); // 0 is full ink
    case 7:
      return fromLab(values[0]! / 100, values[1]! / 100, values[2]! / 100);
    case 8:
      return fromGray(1 - values[0]! / 10000); // of ink, up to 10000
    default:
      return null;
  }
}
