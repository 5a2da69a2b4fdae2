// The note in a saved picture that says that it was colorized, as XMP; see adacolvit/metadata.py.

import type { PictureFormat } from "../engine";

// IPTC's word for media edited by a trained model: https://cv.iptc.org/newscodes/digitalsourcetype/
const SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
const XMP =
  '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
  '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" ' +
  `Iptc4xmpExt:DigitalSourceType="${SOURCE_TYPE}"/></rdf:RDF></x:xmpmeta>`;

const bytes = (text: string) => new TextEncoder().encode(text);

function crc32(data: Uint8Array): number {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function number(value: number, size: number, littleEndian: boolean): Uint8Array {
  const digits = Array.from({ length: size }, (_, i) => (value / 256 ** i) & 255);
  return Uint8Array.from(littleEndian ? digits : digits.reverse());
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** An iTXt chunk behind the header. */
function intoPng(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunk = bytes(`iTXtXML:com.adobe.xmp\0\0\0\0\0${XMP}`);
  const header = 33; // signature and IHDR
  return joined(file.subarray(0, header), number(chunk.length - 4, 4, false), chunk, number(crc32(chunk), 4, false), file.subarray(header));
}

/** An APP1 segment behind JFIF's. */
function intoJpeg(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const segment = bytes(`http://ns.adobe.com/xap/1.0/\0${XMP}`);
  const place = file[3] === 0xe0 ? 4 + 256 * file[4]! + file[5]! : 2;
  return joined(file.subarray(0, place), Uint8Array.of(0xff, 0xe1), number(segment.length + 2, 2, false), segment, file.subarray(place));
}

/** A chunk at the end, announced in the extended header, which is made where there is none. */
function intoWebp(file: Uint8Array, width: number, height: number): Uint8Array<ArrayBuffer> {
  const HAS_XMP = 4;
  const text = bytes(XMP);
  const xmp = joined(bytes("XMP "), number(text.length, 4, true), text, new Uint8Array(text.length % 2));
  let chunks = file.slice(12);
  if (new TextDecoder().decode(chunks.subarray(0, 4)) === "VP8X") chunks[8]! |= HAS_XMP;
  else {
    const size = [number(width - 1, 3, true), number(height - 1, 3, true)];
    chunks = joined(bytes("VP8X"), number(10, 4, true), Uint8Array.of(HAS_XMP, 0, 0, 0), ...size, chunks);
  }
  return joined(bytes("RIFF"), number(4 + chunks.length + xmp.length, 4, true), bytes("WEBP"), chunks, xmp);
}

export async function withNote(picture: Blob, format: PictureFormat, width: number, height: number): Promise<Blob> {
  const file = new Uint8Array(await picture.arrayBuffer());
  const noted = format === "png" ? intoPng(file) : format === "jpeg" ? intoJpeg(file) : intoWebp(file, width, height);
  return new Blob([noted], { type: picture.type });
}
