// Planes of floats -> planes of half floats, as a frame has them.

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** Bits of the half float nearest to a number; ties go to even, too large ones to infinity. */
export function toHalf(value: number): number {
  single[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const size = bits[0]! & 0x7fffffff;
  if (size >= 0x47800000) return sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (size < 0x38800000) return sign | roundEven(Math.abs(single[0]!) * 2 ** 24); // subnormal: counts units of 2^-24
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2) ? floor + 1 : floor;
}

/** Planes -> their halves, plane after plane. */
export function halves(planes: Float32Array[]): Uint16Array<ArrayBuffer> {
  const size = planes[0]!.length;
  const all = new Uint16Array(planes.length * size);
  planes.forEach((plane, p) => {
    for (let i = 0; i < size; i++) all[p * size + i] = toHalf(plane[i]!);
  });
  return all;
}
