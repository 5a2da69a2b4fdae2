// The state of the table, as signals: whatever reads one is drawn again when it changes.

import { computed, signal } from "@preact/signals";
import type { PhotoInfo } from "../engine/api";
import { loadFlag, loadRecent, storeDraft, storeFlag } from "./drafts";
import type { Frame } from "../engine/frame";
import { History } from "./history";
import type { WireHint } from "../engine/live";
import { texts } from "../texts";
import type { Size, View } from "../canvas/view";

export interface Hint extends WireHint {
  /** Stays the same while a hint is moved or recolored. */
  key: number;
}

export interface OpenPhoto {
  info: PhotoInfo;
  /** 8-bit gray picture of the whole photo, at most MOST_TEXELS on its longer side. */
  gray: ImageBitmap;
  /** What was opened, to send it again should the server have forgotten it; null where the server opened it itself. */
  file: File | null;
}

export interface Notice {
  text: string;
  kind: "error" | "info" | "busy";
}

export type Panel = "save" | "shortcuts" | null;

export const photo = signal<OpenPhoto | null>(null);
export const frame = signal<Frame | null>(null);
export const hints = signal<Hint[]>([]); // what is shown: the history's present, or a gesture under way
export const selectedKey = signal<number | null>(null);
export const canUndo = signal(false);
export const canRedo = signal(false);
export const busy = signal(false); // the frame shown is not yet that of the latest hints
export const linkUp = signal(true);
export const notice = signal<Notice | null>(null);

export const stage = signal<Size>({ width: 0, height: 0 });
export const view = signal<View>({ scale: 1, x: 0, y: 0, fitted: true });
export const grayHeld = signal(false);
export const divider = signal<number | null>(null); // share of the stage's width, while the before/after line is on
export const effortOn = signal(false);
export const panel = signal<Panel>(null);
export const recent = signal<string[]>(loadRecent());
export const railWide = signal(loadFlag("rail", innerWidth >= 1000));

/** A phone held upright: picker and rail lie below the photo. Kept in step with the style sheet's query. */
const narrow = matchMedia("(max-width: 640px)");
export const phone = signal(narrow.matches);
narrow.addEventListener("change", () => (phone.value = narrow.matches));

export const selected = computed(() => hints.value.find((hint) => hint.key === selectedKey.value) ?? null);

let history = new History<Hint[]>([]);
let nextKey = 1;

const wire = ({ x, y, color, size }: Hint): WireHint => ({ x, y, color, size });
export const wireHints = () => hints.value.map(wire);
export const withKey = (hint: WireHint): Hint => ({ ...hint, key: nextKey++ });

function sync(): void {
  hints.value = history.present;
  canUndo.value = history.canUndo;
  canRedo.value = history.canRedo;
}

function keep(): void {
  sync();
  if (photo.value && !storeDraft(photo.value.info.id, wireHints())) tell(texts.notKept);
}

/** Starts a photo's history afresh. */
export function restart(first: WireHint[]): void {
  history = new History(first.map(withKey));
  selectedKey.value = null;
  sync();
}

/** Shows hints without a step in the history: while a hint or a color is being dragged. */
export function preview(next: Hint[]): void {
  hints.value = next;
}

/** Makes hints the new present. Equal tags in a row are one step of undo. */
export function commit(next: Hint[], tag: string | null = null): void {
  history.commit(next, tag);
  keep();
}

export function undo(): void {
  if (history.undo()) keep();
}

export function redo(): void {
  if (history.redo()) keep();
}

export function tell(text: string, kind: Notice["kind"] = "info"): void {
  notice.value = { text, kind };
}

export function setRailWide(wide: boolean): void {
  railWide.value = wide;
  storeFlag("rail", wide);
}
