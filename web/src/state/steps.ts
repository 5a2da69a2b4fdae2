// The history as it is kept on disk: a row of steps that hold only what changed, so that a long afternoon stays small.

import type { KeptAdjustments, KeptHint } from "../engine/engine";
import type { Timeline } from "./history";
import { adjusted, type Hint, type Work } from "./store";

/** Turns one row of hints into the next: `drop` hints from `at` on are replaced by `put`. */
export interface Step {
  at: number;
  drop: number;
  put: KeptHint[];
  /** Where these changed as well. */
  adjustments?: KeptAdjustments;
}

export interface Kept {
  /** Oldest first; each step turns the state after it into its own. */
  past: Step[];
  present: KeptHint[];
  adjustments: KeptAdjustments;
  /** Next one first; each step turns the state before it into its own. */
  future: Step[];
}

export const bare = ({ x, y, color, size, locked, guess }: KeptHint): KeptHint => ({
  ...{ x, y, color, size },
  ...(locked && { locked }),
  ...(guess && { guess }),
});

function difference(from: Work, to: Work): Step {
  const [a, b] = [from.hints, to.hints];
  const short = Math.min(a.length, b.length);
  let at = 0;
  while (at < short && a[at] === b[at]) at++; // what did not change is the very same object
  let end = 0;
  while (end < short - at && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const step: Step = { at, drop: a.length - at - end, put: b.slice(at, b.length - end).map(bare) };
  return from.adjustments === to.adjustments ? step : { ...step, adjustments: to.adjustments };
}

function applied(work: Work, step: Step, withKey: (hint: KeptHint) => Hint): Work {
  const hints = [...work.hints];
  hints.splice(step.at, step.drop, ...step.put.map(withKey));
  return { hints, adjustments: step.adjustments ? adjusted(step.adjustments) : work.adjustments };
}

export function pack({ past, present, future }: Timeline<Work>): Kept {
  return {
    past: past.map((state, i) => difference(past[i + 1] ?? present, state)),
    present: present.hints.map(bare),
    adjustments: present.adjustments,
    future: future.map((state, i) => difference(future[i - 1] ?? present, state)),
  };
}

export function unpack(kept: Kept, withKey: (hint: KeptHint) => Hint): Timeline<Work> {
  const present: Work = { hints: kept.present.map(withKey), adjustments: adjusted(kept.adjustments) };
  const row = (steps: Step[]) => {
    const states: Work[] = [];
    for (const step of steps) states.push(applied(states.at(-1) ?? present, step, withKey));
    return states;
  };
  return { past: row([...kept.past].reverse()).reverse(), present, future: row(kept.future) };
}
