// Work that the engine did not take yet, kept by the browser for the time being: per photo and window.

import type { SessionState } from "../engine/engine";
import { forget, load, namesOf, save } from "./settings";

const PREFIX = "adacolvit.unsent.";

/** Tells this window's writings from those of others. */
export const writer = [...crypto.getRandomValues(new Uint32Array(2))].map((v) => v.toString(36)).join("");

const keyOf = (id: string, by: string) => `${PREFIX}${id}.${by}`;

/** False where the browser keeps nothing. */
export const keepUnsent = (id: string, state: SessionState) => save(keyOf(id, writer), state);

export function forgetUnsent(id: string, by = writer): void {
  forget(keyOf(id, by));
}

/** The newest unsent work on a photo that is not part of `kept`; what is part of it is forgotten. */
export function findUnsent(id: string, kept: SessionState | null): SessionState | null {
  let newest: SessionState | null = null;
  for (const key of namesOf(`${PREFIX}${id}.`)) {
    const state = load<SessionState | null>(key, null);
    const arrived = !state || (state.writer === kept?.writer && state.written <= kept!.written);
    if (arrived) forget(key);
    else if (!newest || state.written > newest.written) newest = state;
  }
  return newest;
}
