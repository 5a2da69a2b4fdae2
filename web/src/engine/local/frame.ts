// How a photo is laid on the network's input; see adacolvit/hints/frame.py. Network pixels stay inside this folder.

export const PATCH = 16; // side of a token in network pixels
const TOKENS = 196; // about as many as a square input of 224 x 224

export interface NetworkFrame {
  photoWidth: number;
  photoHeight: number;
  width: number;
  height: number;
}

/** The frame that keeps the photo's aspect best with about TOKENS tokens. */
export function fitFrame(photoWidth: number, photoHeight: number): NetworkFrame {
  const aspect = Math.min(Math.max(photoWidth / photoHeight, 1 / 8), 8);
  let best = { score: Infinity, rows: 1, columns: 1 };
  for (let rows = 1; rows <= TOKENS; rows++) {
    for (const columns of [Math.max(1, Math.floor(rows * aspect)), Math.ceil(rows * aspect)]) {
      if (rows * columns > TOKENS * 1.03) continue;
      const distortion = Math.abs(Math.log(columns / rows / aspect));
      const shortfall = Math.abs(Math.log((rows * columns) / TOKENS));
      const score = distortion + 0.5 * shortfall;
      if (score < best.score) best = { score, rows, columns };
    }
  }
  return { photoWidth, photoHeight, width: best.columns * PATCH, height: best.rows * PATCH };
}

/** Photo pixel -> the network pixel (x, y) under its center. */
export function toNetwork(frame: NetworkFrame, x: number, y: number): [number, number] {
  const place = (v: number, to: number, from: number) => Math.trunc(((Math.floor(v) + 0.5) * to) / from);
  const within = (v: number, extent: number) => Math.min(Math.max(v, 0), extent - 1);
  return [
    within(place(x, frame.width, frame.photoWidth), frame.width),
    within(place(y, frame.height, frame.photoHeight), frame.height),
  ];
}
