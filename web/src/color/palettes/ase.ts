// Adobe Swatch Exchange (.ase): a header and blocks; groups are flattened, the first group's name is the palette's.

import { hexToBytes } from "../color";
import { Reader, fromCmyk, fromGray, fromLab, fromRgb } from "./adobe";
import type { Palette, Swatch } from "./palette";

const MAGIC = "ASEF";
const [COLOR, GROUP, GROUP_END] = [0x0001, 0xc001, 0xc002];
const NORMAL = 2; // a color of its own; 0 and 1 are global and spot colors of a document

/** Null where this is no such file. */
export function readAse(bytes: Uint8Array, stem: string): Palette | null {
  const file = new Reader(bytes);
  if (file.left < 12 || file.ascii(4) !== MAGIC) return null;
  file.u32(); // the version, 1.0 ever since
  const swatches: Swatch[] = [];
  let name = "";
  for (let blocks = file.u32(); blocks > 0; blocks--) {
    const kind = file.u16();
    const length = file.u32();
    const end = file.at + length;
    if (kind === GROUP) name ||= file.text(file.u16());
    if (kind === COLOR) {
      const called = file.text(file.u16());
      const color = readColor(file);
      if (color) swatches.push({ color, name: called });
    }
    file.at = end; // whatever else a block holds
  }
  return { name: name || stem, swatches };
}

/** Null for a color space that this does not know. */
function readColor(file: Reader): string | null {
  const values = (count: number) => Array.from({ length: count }, file.f32);
  switch (file.ascii(4).toUpperCase()) {
    case "RGB ":
      return fromRgb(values(3));
    case "CMYK":
      return fromCmyk(values(4));
    case "GRAY":
      return fromGray(file.f32());
    case "LAB ": {
      const [L, a, b] = values(3);
      return fromLab(100 * L!, a!, b!);
    }
    default:
      return null;
  }
}

export function writeAse({ name, swatches }: Palette): ArrayBuffer {
  const group = [...u16(GROUP), ...sized(title(name))];
  const colors = swatches.flatMap((swatch) => {
    const rgb = hexToBytes(swatch.color).flatMap((v) => f32(v / 255));
    return [...u16(COLOR), ...sized([...title(swatch.name), ...ascii("RGB "), ...rgb, ...u16(NORMAL)])];
  });
  const end = [...u16(GROUP_END), ...u32(0)];
  return new Uint8Array([...ascii(MAGIC), ...u16(1), ...u16(0), ...u32(swatches.length + 2), ...group, ...colors, ...end]).buffer;
}

const u16 = (v: number) => [(v >> 8) & 255, v & 255];
const u32 = (v: number) => [...u16(v >>> 16), ...u16(v & 0xffff)];
const ascii = (text: string) => [...text].map((c) => c.charCodeAt(0));
const sized = (block: number[]) => [...u32(block.length), ...block];

function f32(v: number): number[] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, v);
  return [0, 1, 2, 3].map((i) => view.getUint8(i));
}

/** A name: its length with the closing zero, then UTF-16. */
function title(text: string): number[] {
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return [...u16(units.length + 1), ...units.flatMap(u16), 0, 0];
}
