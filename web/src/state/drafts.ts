// Hints are kept per photo (by the hash of its content) in the browser, so that nothing is lost when a tab closes.

import type { WireHint } from "../engine/engine";

const DRAFTS = "adacolvit.drafts";
const RECENT = "adacolvit.recent";
const MOST_DRAFTS = 50;
const MOST_RECENT = 7;

type Drafts = Record<string, { time: number; hints: WireHint[] }>;

function load<T>(key: string, otherwise: T): T {
  try {
    return (JSON.parse(localStorage.getItem(key) ?? "null") as T | null) ?? otherwise;
  } catch {
    return otherwise; // storage is switched off, or holds what another program wrote: start afresh
  }
}

/** False where the browser keeps nothing (private window, storage full). */
function store(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function loadDraft(photoId: string): WireHint[] | null {
  return load<Drafts>(DRAFTS, {})[photoId]?.hints ?? null;
}

export function storeDraft(photoId: string, hints: WireHint[]): boolean {
  const drafts = load<Drafts>(DRAFTS, {});
  drafts[photoId] = { time: Date.now(), hints };
  const kept = Object.entries(drafts).sort(([, p], [, q]) => q.time - p.time);
  return store(DRAFTS, Object.fromEntries(kept.slice(0, MOST_DRAFTS)));
}

export const loadRecent = () => load<string[]>(RECENT, []);

export function storeRecent(color: string): string[] {
  const recent = [color, ...loadRecent().filter((c) => c !== color)].slice(0, MOST_RECENT);
  store(RECENT, recent);
  return recent;
}

export const loadFlag = (name: string, otherwise: boolean) => load(`adacolvit.${name}`, otherwise);
export const storeFlag = (name: string, value: boolean) => store(`adacolvit.${name}`, value);
