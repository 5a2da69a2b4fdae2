// Colors to try at a place, each with the signal it comes from; see adacolvit/suggest/colors.py, which says why it is so.

import type { Suggestion, WireHint } from "../../engine";
import { hexToLab, labToHex, type Triple } from "../../../color/color";
import { ciede2000 } from "../../../color/difference";
import { nearest, planeAt } from "../../../color/gamut";
import type { Predict } from "../colorize";
import { placeHints } from "../encoder";
import { toNetwork } from "../frame";
import type { Photo } from "../photo";
import { referenceColors } from "./reference";

const MOST = 8;
const ALIKE = 5;
const NEIGHBORS = 4;
const LIKE_LIGHTNESS = 12;

type Candidate = [Suggestion["reason"], number, number];

/** `rest`: as of suggestPlaces. `reference`: another photo, or null. */
export async function suggestColors(
  predict: Predict,
  photo: Photo,
  hints: readonly WireHint[],
  x: number,
  y: number,
  reference: Photo | null,
  rest: () => Promise<void>,
): Promise<Suggestion[]> {
  const { frame, networkLightness: L } = photo;
  const at = (px: number, py: number) => {
    const [column, row] = toNetwork(frame, px, py);
    return row * frame.width + column;
  };
  const place = at(x, y);
  const others = hints.filter((hint) => at(hint.x, hint.y) !== place);

  async function* candidates(): AsyncGenerator<Candidate> {
    const run = async (given: readonly WireHint[]): Promise<[number, number]> => {
      await rest();
      const { ab } = await predict(L, placeHints(given, frame));
      return [ab[0]![place]!, ab[1]![place]!];
    };
    yield ["model", ...(await run(others))];
    if (others.length) yield ["model", ...(await run([]))];
    const distance = (hint: WireHint) => (hint.x - x) ** 2 + (hint.y - y) ** 2;
    const byDistance = [...others].sort((p, q) => distance(p) - distance(q));
    if (others.length > 1) {
      for (const hint of byDistance.slice(0, NEIGHBORS)) yield ["neighbor", ...(await run(others.filter((other) => other !== hint)))];
    }
    for (const hint of byDistance) {
      const [, a, b] = hexToLab(hint.color);
      if (Math.abs(L[at(hint.x, hint.y)]! - L[place]!) <= LIKE_LIGHTNESS) yield ["same-lightness", a, b];
    }
    if (reference) for (const [a, b] of referenceColors(reference, L, frame, place)) yield ["reference", a, b];
  }

  const wanted = photo.lightnessRow(Math.floor(y))[Math.floor(x)]!;
  const plane = planeAt(wanted);
  const found: { lab: Triple; suggestion: Suggestion }[] = [];
  for await (const [reason, a, b] of candidates()) {
    const lab: Triple = [wanted, ...nearest(plane, a, b)];
    if (found.every((other) => ciede2000(lab, other.lab) >= ALIKE)) found.push({ lab, suggestion: { color: labToHex(...lab), reason } });
  }
  return found.slice(0, MOST).map(({ suggestion }) => suggestion);
}
