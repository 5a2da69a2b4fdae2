// Small habits of a person that the browser keeps: how the desk is set up, which colors were used. No work is kept here.

import { effect, signal } from "@preact/signals";

const RECENT = "adacolvit.recent";
const MOST_RECENT = 8; // a row of the picker

export function load<T>(key: string, otherwise: T): T {
  try {
    return (JSON.parse(localStorage.getItem(key) ?? "null") as T | null) ?? otherwise;
  } catch {
    return otherwise; // storage is switched off, or holds what another program wrote: start afresh
  }
}

/** False where the browser keeps nothing (private window, storage full). */
export function save(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    return; // storage is switched off: there is nothing to forget
  }
}

/** The names of all that is kept under names that begin so. */
export function namesOf(prefix: string): string[] {
  try {
    return Object.keys(localStorage).filter((each) => each.startsWith(prefix));
  } catch {
    return []; // storage is switched off
  }
}

export const loadRecent = () => load<string[]>(RECENT, []);

/** The row with one more color: it is not read again, since the browser may keep nothing. */
export function storeRecent(color: string, row: string[]): string[] {
  const recent = [color, ...row.filter((each) => each !== color)].slice(0, MOST_RECENT);
  save(RECENT, recent);
  return recent;
}

export const loadFlag = (name: string, otherwise: boolean) => load(`adacolvit.${name}`, otherwise);
export const storeFlag = (name: string, value: boolean) => save(`adacolvit.${name}`, value);

type Theme = "system" | "light" | "dark";
export const THEMES: Theme[] = ["system", "light", "dark"];
export const theme = signal<Theme>(load("adacolvit.theme", "system"));

effect(() => {
  // Every color of the style sheet is a light-dark() pair, which follows this one property.
  document.documentElement.style.colorScheme = theme.value === "system" ? "light dark" : theme.value;
  save("adacolvit.theme", theme.value);
});
