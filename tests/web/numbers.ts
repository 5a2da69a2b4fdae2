// Runs one function of the browser-only engine in Node: a JSON request on standard input, the JSON answer on standard output.

import { readFileSync } from "node:fs";
import { checkBudget } from "../../web/src/engine/local/budget";
import { effortOf, type Config } from "../../web/src/engine/local/cost";
import { encode, placeHints, type PlacedHint } from "../../web/src/engine/local/encoder";
import { fitFrame } from "../../web/src/engine/local/frame";
import { dumpHints, parseHints } from "../../web/src/engine/local/hintfile";
import { Photo } from "../../web/src/engine/local/photo";
import { sinePositions } from "../../web/src/engine/local/positions";
import { refine } from "../../web/src/engine/local/refine";
import { suggestPlaces } from "../../web/src/engine/local/suggest/places";
import { referenceColors } from "../../web/src/engine/local/suggest/reference";
import { Composer } from "../../web/src/engine/local/upsample";
import { Tiles } from "../../web/src/canvas/tiles";
import { Guide, toSteps } from "../../web/src/engine/guide";
import { loops } from "../../web/src/engine/loops";
import type { PhotoInfo, WireHint } from "../../web/src/engine/engine";

type Planes = number[][];
const floats = (planes: Planes) => planes.map((plane) => Float32Array.from(plane));

const tasks = {
  frame: (sizes: [number, number][]) => sizes.map(([width, height]) => fitFrame(width, height)),

  input({ lightness, width, height, hints }: { lightness: number[]; width: number; height: number; hints: WireHint[] }) {
    const frame = fitFrame(width, height);
    return encode(Float32Array.from(lightness), frame, placeHints(hints, frame));
  },

  /** Looks at a photo again and again until it is sharp: how many tiles were fetched, and how many are kept. */
  async tiles({ photo, stage, scale, most }: { photo: [number, number]; stage: [number, number]; scale: number; most: number }) {
    const [width, height] = photo;
    let [fetched, kept] = [0, 0];
    const textures = { make: () => ++kept, drop: () => --kept };
    const fetchPart = async () => (fetched++, new Uint8Array());
    const told = { onArrival: () => undefined, onError: (error: unknown) => { throw error; } };
    const tiles = new Tiles<number>(textures, { width, height }, { texture: 0, width: 2048 }, fetchPart, told as never);
    const box = { x: 0, y: 0, width: stage[0] / scale, height: stage[1] / scale };
    let sharp = false;
    for (let frame = 0; frame < most && !sharp; frame++) {
      tiles.covering(box, scale);
      sharp = tiles.fetch();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { sharp, fetched, kept };
  },

  positions: ([rows, columns, width]: [number, number, number]) => sinePositions(rows, columns, width),

  refine({ L, ab, height, width, placed }: { L: number[]; ab: Planes; height: number; width: number; placed: PlacedHint[] }) {
    return refine(Float32Array.from(L), floats(ab), height, width, placed).map((plane) => [...plane]);
  },

  steps: (ab: Planes) => toSteps(floats(ab)),

  /** Places by the network of tests/suggest/known.py. */
  async places({ photo, L, hints, count }: { photo: [number, number]; L: number[]; hints: WireHint[]; count: number }) {
    const frame = fitFrame(...photo);
    const { width, height } = frame;
    const predict = async (lightness: Float32Array, placed: readonly PlacedHint[]) => {
      const ab = [lightness.map((v) => 5 + 0.1 * v), lightness.map((_, i) => 0.1 * ((i % width) - width / 2))];
      for (const hint of placed) {
        const [y, x] = [hint.row + hint.size / 2, hint.column + hint.size / 2];
        for (let i = 0; i < width * height; i++) {
          const [row, column] = [Math.floor(i / width), i % width];
          const near = Math.exp(-((row - y) ** 2 + (column - x) ** 2) / (2 * 15 ** 2));
          const share = x >= 0.4 * width ? (column >= 0.4 * width ? 0.9 : 0) : near;
          ab[0]![i]! += share * (hint.a - ab[0]![i]!);
          ab[1]![i]! += share * (hint.b - ab[1]![i]!);
        }
      }
      return { ab, decisions: null as never };
    };
    return suggestPlaces(predict, frame, Float32Array.from(L), placeHints(hints, frame), count, async () => undefined);
  },

  reference({ photo, rgba, L, lies, at }: { photo: [number, number]; rgba: number[]; L: number[]; lies: [number, number]; at: number }) {
    const reference = Photo.read(...photo, [Uint8ClampedArray.from(rgba)]);
    return referenceColors(reference, Float32Array.from(L), fitFrame(...lies), at);
  },

  async guide({ L, ab, height, width }: { L: number[]; ab: Planes; height: number; width: number }) {
    return new Guide(await loops(), Float32Array.from(L), height, width).planes(toSteps(floats(ab)));
  },

  compose(request: { planes: number[]; height: number; width: number; L: Planes; saturation: number; strength: number }) {
    const { planes, height, width, L } = request;
    const [toHeight, toWidth] = [L.length, L[0]!.length];
    const composer = new Composer(Float32Array.from(planes), width, height, toWidth, toHeight, request);
    const target = new Uint8ClampedArray(4 * toWidth * toHeight);
    L.forEach((row, y) => composer.row(y, Float32Array.from(row), target, 4 * y * toWidth));
    return target;
  },

  photo({ rgba, width, height, most, part }: { rgba: number[]; width: number; height: number; most: number; part: Parameters<Photo["grayPart"]>[0] }) {
    const bytes = Uint8ClampedArray.from(rgba);
    const half = 4 * width * Math.floor(height / 2);
    const photo = Photo.read(width, height, [bytes.subarray(0, half), bytes.subarray(half)]);
    const gray = photo.gray(most);
    return {
      color: photo.hasColor,
      network: [...photo.networkLightness],
      gray: [...gray.bytes],
      size: [gray.width, gray.height],
      part: [...photo.grayPart(part)],
    };
  },

  effort({ config, rows, columns, layers, patches }: { config: Config; rows: number; columns: number; layers: number[]; patches: number[] }) {
    const decisions = { layers: Uint8Array.from(layers), patches: Uint8Array.from(patches), budget: checkBudget(config, null) };
    return effortOf(config, rows, columns, decisions, 1, true);
  },

  budget: ({ config, wanted }: { config: Config; wanted: number | null }) => checkBudget(config, wanted),

  dump: ({ photo, hints }: { photo: PhotoInfo; hints: WireHint[] }) => dumpHints(photo, hints),

  parse({ text, photo }: { text: string; photo: PhotoInfo }) {
    try {
      return parseHints(text, photo);
    } catch (error) {
      return { error: (error as Error).message };
    }
  },
};

const { task, request } = JSON.parse(readFileSync(0, "utf8")) as { task: keyof typeof tasks; request: never };
const answer = await tasks[task](request);
console.log(JSON.stringify(ArrayBuffer.isView(answer) ? [...(answer as Float32Array)] : answer));
