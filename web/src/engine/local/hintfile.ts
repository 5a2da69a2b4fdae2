// The hints file, as adacolvit/hints/file.py reads and writes it.

import type { PhotoInfo, WireHint } from "../engine";
import { readHex } from "../../color/color";
import { texts } from "../../texts";

const VERSION = 1;

export function dumpHints({ name, width, height }: PhotoInfo, hints: readonly WireHint[]): string {
  const line = ({ x, y, color, size }: WireHint) => `    {"x": ${x}, "y": ${y}, "color": "${color}", "size": ${size}}`;
  const list = hints.length ? `[\n${hints.map(line).join(",\n")}\n  ]` : "[]";
  const photo = `{"name": ${JSON.stringify(name)}, "width": ${width}, "height": ${height}}`;
  return `{\n  "version": ${VERSION},\n  "photo": ${photo},\n  "hints": ${list}\n}\n`;
}

interface HintFile {
  version: number;
  photo: { name: string; width: number; height: number };
  hints: WireHint[];
}

/** The hints for a photo, scaled where the file was made for another size of the same shape. Throws a sentence to be shown. */
export function parseHints(text: string, photo: PhotoInfo): WireHint[] {
  const file = parse(text);
  if (file.version !== VERSION) throw new Error(texts.hintFileVersion(String(file.version)));
  const { name, width, height } = file.photo;
  const hints = file.hints.map((hint, i) => check(hint, i + 1, width, height));
  if (width === photo.width && height === photo.height) return hints;
  if (Math.abs(photo.width * height - photo.height * width) > Math.max(photo.width, photo.height, width, height)) {
    throw new Error(texts.hintFileOther(name, width, height, photo.width, photo.height));
  }
  const scaled = (v: number, to: number, from: number) => ((Math.floor(v) + 0.5) * to) / from;
  return hints.map((hint) => ({ ...hint, x: scaled(hint.x, photo.width, width), y: scaled(hint.y, photo.height, height) }));
}

function parse(text: string): HintFile {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error(texts.noHintFile);
  }
  const { photo, hints } = (file ?? {}) as Partial<HintFile>;
  const isExtent = (v: unknown) => Number.isInteger(v) && (v as number) > 0;
  if (!Array.isArray(hints) || typeof photo?.name !== "string" || !isExtent(photo.width) || !isExtent(photo.height)) {
    throw new Error(texts.noHintFile);
  }
  return file as HintFile;
}

function check(hint: Partial<WireHint> | null, number: number, width: number, height: number): WireHint {
  const { x, y, color, size = 2 } = hint ?? {};
  const inside = (v: unknown, extent: number): v is number => typeof v === "number" && v >= 0 && v < extent;
  const hex = typeof color === "string" ? readHex(color) : null;
  if (!inside(x, width) || !inside(y, height) || !hex || !Number.isInteger(size) || size < 2 || size > 7) {
    throw new Error(texts.badHint(number));
  }
  return { x, y, color: hex, size };
}
