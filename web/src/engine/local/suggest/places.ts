// Places where a hint would change most, found by trying; see adacolvit/suggest/places.py, which says why it is so.

import type { Place } from "../../engine";
import type { Predict } from "../colorize";
import { corner, type PlacedHint } from "../encoder";
import type { NetworkFrame } from "../frame";

const CANDIDATES = 24; // each is a run of the network, which takes longer here than in the program: it tries 40
const PROBE = 25;
const SURELY = 3;
const NEAR = 16;
const SIZE = 2;
const GAMMAS = [0.85, 1.18];

interface Cell {
  row: number;
  column: number;
}

/** `rest` is awaited between runs, so that clicks are answered; it throws where nobody waits for the answer any more. */
export async function suggestPlaces(
  predict: Predict,
  frame: NetworkFrame,
  L: Float32Array,
  hints: readonly PlacedHint[],
  count: number,
  rest: () => Promise<void>,
): Promise<Place[]> {
  const { width, height, photoWidth, photoHeight } = frame;
  const run = async (lightness: Float32Array, at: readonly PlacedHint[]) => {
    await rest();
    return (await predict(lightness, at)).ab as [Float32Array, Float32Array];
  };
  const places = grid(height, width).filter((place) => hints.every((hint) => isAway(place, hint)));
  if (!places.length) return [];
  const base = await run(L, hints);
  let doubt = await doubtOf(run, frame, L, hints, base);
  const influences: Float32Array[] = [];
  for (const place of places) influences.push(await influenceOf(run, frame, L, hints, base, place));
  const chosen: Place[] = [];
  while (chosen.length < Math.min(count, places.length)) {
    const gains = influences.map((influence, i) => {
      const own = doubt[places[i]!.row * width + places[i]!.column]!;
      return influence.reduce((sum, w, k) => sum + 2 * w * doubt[k]! * own - (w * own) ** 2, 0) / influence.length;
    });
    const gain = Math.max(...gains);
    if (gain <= 0) break;
    const best = gains.indexOf(gain);
    const { row, column } = places[best]!;
    chosen.push({ x: ((column + 0.5) * photoWidth) / width, y: ((row + 0.5) * photoHeight) / height, gain: Math.sqrt(gain) });
    doubt = doubt.map((v, k) => v * (1 - influences[best]![k]!)); // what it decides counts no more, so places are spread
  }
  return chosen;
}

type Run = (lightness: Float32Array, at: readonly PlacedHint[]) => Promise<[Float32Array, Float32Array]>;

function grid(height: number, width: number): Cell[] {
  const cell = Math.sqrt((height * width) / CANDIDATES);
  const [down, across] = [Math.max(1, Math.round(height / cell)), Math.max(1, Math.round(width / cell))];
  return Array.from({ length: down * across }, (_, i) => ({
    row: Math.trunc(((Math.floor(i / across) + 0.5) * height) / down),
    column: Math.trunc((((i % across) + 0.5) * width) / across),
  }));
}

const isAway = (place: Cell, { row, column, size }: PlacedHint) =>
  Math.max(Math.abs(row + size / 2 - place.row), Math.abs(column + size / 2 - place.column)) >= NEAR;

function mirror(plane: Float32Array, width: number): Float32Array {
  return plane.map((_, i) => plane[i - (i % width) + (width - 1 - (i % width))]!);
}

/** The error of color that is to be expected: from how far it moves when the photo is mirrored, lighter or darker. */
async function doubtOf(run: Run, { width }: NetworkFrame, L: Float32Array, hints: readonly PlacedHint[], base: Float32Array[]) {
  const turned = hints.map((hint) => ({ ...hint, column: width - hint.column - hint.size }));
  const mirrored = (await run(mirror(L, width), turned)).map((plane) => mirror(plane, width));
  const ensemble = [base, mirrored];
  for (const gamma of GAMMAS) ensemble.push(await run(L.map((v) => 100 * (v / 100) ** gamma), hints));
  return L.map((light, i) => {
    let variance = 0;
    for (const channel of [0, 1]) {
      const values = ensemble.map((ab) => ab[channel]![i]!);
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      variance += values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    }
    const room = Math.min(1, Math.max(0.05, 1 - Math.abs(light - 55) / 45));
    return room * (Math.sqrt(variance) + SURELY);
  });
}

/** What share of a change of color at a place arrives where. */
async function influenceOf(
  run: Run,
  { width, height }: NetworkFrame,
  L: Float32Array,
  hints: readonly PlacedHint[],
  [baseA, baseB]: [Float32Array, Float32Array],
  { row, column }: Cell,
): Promise<Float32Array> {
  const [a, b] = [baseA[row * width + column]!, baseB[row * width + column]!];
  const chroma = Math.hypot(a, b);
  const [towardA, towardB] = chroma ? [-a / chroma, -b / chroma] : [1, 0]; // through gray to the other side
  const probe: PlacedHint = {
    row: corner(row, SIZE, height),
    column: corner(column, SIZE, width),
    size: SIZE,
    a: a + PROBE * towardA,
    b: b + PROBE * towardB,
  };
  const [movedA, movedB] = await run(L, [...hints, probe]);
  return movedA.map((v, i) => Math.min(1, Math.hypot(v - baseA[i]!, movedB[i]! - baseB[i]!) / PROBE));
}
