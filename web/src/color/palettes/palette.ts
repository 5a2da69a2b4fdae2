// A named list of colors, and the files other programs keep such lists in.

import { texts } from "../../texts";
import { readAco } from "./aco";
import { readAse, writeAse } from "./ase";
import { readGpl, writeGpl } from "./gpl";

export interface Swatch {
  /** `#rrggbb` */
  color: string;
  /** As the file has it; may be empty. */
  name: string;
}

export interface Palette {
  name: string;
  swatches: Swatch[];
}

export const PALETTE_FORMATS = {
  gpl: { write: (palette: Palette) => new Blob([writeGpl(palette)], { type: "text/plain" }) },
  ase: { write: (palette: Palette) => new Blob([writeAse(palette)], { type: "application/octet-stream" }) },
};
export type PaletteFormat = keyof typeof PALETTE_FORMATS;

/** What a file picker lists. */
export const PALETTE_SUFFIXES = ".gpl,.ase,.aco";
export const isPaletteFile = (name: string) => /\.(gpl|ase|aco)$/i.test(name);

/** Reads a palette file by its content, whatever its suffix; throws a sentence for a person. */
export async function readPalette(file: File): Promise<Palette> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const stem = file.name.replace(/\.[^.]*$/, "");
  let palette: Palette | null;
  try {
    palette = readGpl(bytes, stem) ?? readAse(bytes, stem) ?? readAco(bytes, stem);
  } catch (error) {
    if (error instanceof RangeError) throw new Error(texts.paletteCut(file.name)); // DataView: past the end
    throw error;
  }
  if (!palette) throw new Error(texts.paletteUnknown(file.name));
  if (!palette.swatches.length) throw new Error(texts.paletteEmpty(file.name));
  return palette;
}
