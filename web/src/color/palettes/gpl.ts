// GIMP palettes (.gpl), which Inkscape, Krita and MyPaint read too: lines of text, "R G B name".

import { bytesToHex, hexToBytes } from "../color";
import type { Palette, Swatch } from "./palette";

const MAGIC = "GIMP Palette";
const LINE = /^\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})(?:\s+(.*))?$/;

/** Null where this is no such file. */
export function readGpl(bytes: Uint8Array, stem: string): Palette | null {
  const text = new TextDecoder().decode(bytes); // drops a byte order mark
  if (!text.startsWith(MAGIC)) return null;
  const lines = text.split(/\r\n|\r|\n/).slice(1);
  const name = lines.map((line) => /^Name:\s*(.+)$/.exec(line)?.[1]?.trim()).find(Boolean);
  const swatches = lines.flatMap((line): Swatch[] => {
    const match = LINE.exec(line);
    const rgb = match?.slice(1, 4).map(Number);
    if (!rgb?.every((v) => v <= 255)) return []; // "Columns: 8", comments
    const called = match![4]?.trim() ?? "";
    return [{ color: bytesToHex(rgb), name: called === "Untitled" ? "" : called }];
  });
  return { name: name ?? stem, swatches };
}

export function writeGpl({ name, swatches }: Palette): string {
  const lines = swatches.map((swatch) => {
    const rgb = hexToBytes(swatch.color).map((v) => String(v).padStart(3));
    return `${rgb.join(" ")}\t${oneLine(swatch.name) || "Untitled"}`;
  });
  return [MAGIC, `Name: ${oneLine(name)}`, "Columns: 8", "#", ...lines, ""].join("\n");
}

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();
