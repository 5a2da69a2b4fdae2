// The state of the table, as signals: whatever reads one is drawn again when it changes.

import { batch, computed, signal } from "@preact/signals";
import type { KeptAdjustments, PhotoInfo, WireHint } from "../engine/engine";
import { loadFlag, loadRecent, storeFlag } from "./settings";
import type { Frame } from "../engine/frame";
import { History, type Timeline } from "./history";
import { withAt, without } from "./lists";
import type { Size, View } from "../canvas/view";
import { texts } from "../texts";

export interface Hint extends WireHint {
  /** Stays the same while a hint is moved or recolored. */
  key: number;
  /** Neither moved, recolored nor removed until it is unlocked. */
  locked?: boolean;
  /** Its color is still the network's own: it tells the network nothing until a color is chosen. */
  guess?: boolean;
}

export interface OpenPhoto {
  info: PhotoInfo;
  /** 8-bit gray picture of the whole photo, at most MOST_TEXELS on its longer side. */
  gray: ImageBitmap;
  /** What was opened, to send it again should the server have forgotten it; null where the server opened it itself. */
  file: File | null;
}

/** A photo in color that lies beside the open one, to take colors from. */
export interface Reference {
  id: string;
  name: string;
  picture: ImageBitmap;
}

/** Saturation and strength act on the result without the network: final ab = ab * saturation * strength. */
export interface Adjustments {
  saturation: number; // 0..2
  strength: number; // 0..1
  budget: number | null; // share of the dense network's cost that photos may take in the mean; null: the network's own
}

export interface Notice {
  text: string;
  kind: "error" | "info" | "busy";
  /** Puts back what the notice says is gone. */
  putBack?: () => void;
}

export type Panel = "save" | "view" | "history" | "export" | "shortcuts" | null;
export type Compare = "none" | "slider" | "split";
export type Tool = "hint" | "eyedropper";

/** What undo goes back to. Never changed in place. */
export interface Work {
  hints: Hint[];
  adjustments: Adjustments;
}

/** Work under a name. */
export interface Snapshot extends Work {
  name: string;
  time: number; // milliseconds since 1970
}

/** What the photo on the table is compared with: the gray photo where there is none. */
export interface Before {
  snapshot: Snapshot;
  frame: Frame;
}

export const UNADJUSTED: Adjustments = { saturation: 1, strength: 1, budget: null };
export const adjusted = (kept: KeptAdjustments = {}): Adjustments => ({ ...UNADJUSTED, ...kept });

export const photo = signal<OpenPhoto | null>(null);
export const reference = signal<Reference | null>(null);
export const frame = signal<Frame | null>(null);
export const foreseen = signal<Frame | null>(null); // may be the next one, and is not shown
export const hints = signal<Hint[]>([]); // what is shown: the history's present, or a gesture under way
export const adjustments = signal<Adjustments>(UNADJUSTED); // likewise
export const selectedKeys = signal<ReadonlySet<number>>(new Set());
export const hintsHidden = signal(false);
export const snapshots = signal<Snapshot[]>([]);
export const done = signal(false); // a person has called the photo finished
export const changes = signal(0); // counts what has to be kept
export const canUndo = signal(false);
export const canRedo = signal(false);
export const busy = signal(false); // the frame shown is not yet that of the latest hints
export const linkUp = signal(true);
export const notice = signal<Notice | null>(null);

export const stage = signal<Size>({ width: 0, height: 0 });
export const view = signal<View>({ scale: 1, x: 0, y: 0, fitted: true });
export const tool = signal<Tool>("hint");
export const grayHeld = signal(false);
export const panHeld = signal(false); // a drag moves the photo, wherever it begins
export const compare = signal<Compare>("none");
export const before = signal<Before | null>(null); // for every kind of comparing: line, split view, held for gray
export const divider = signal(0.5); // share of the stage's width at which the before/after line stands
export const effortOn = signal(false);
export const fullScreen = signal(false);
export const panel = signal<Panel>(null);
export const recent = signal<string[]>(loadRecent());
export const railWide = signal(loadFlag("rail", innerWidth >= 1000));

/** A phone held upright: picker and rail lie below the photo. Kept in step with the style sheet's query. */
const narrow = matchMedia("(max-width: 640px)");
export const phone = signal(narrow.matches);
narrow.addEventListener("change", () => (phone.value = narrow.matches));

export const selectedHints = computed(() => hints.value.filter((hint) => selectedKeys.value.has(hint.key)));
/** By itself, since it alone of the adjustments asks for another frame. */
export const budget = computed(() => adjustments.value.budget);
/** The one selected hint; null while none or several are. */
export const selected = computed(() => (selectedHints.value.length === 1 ? selectedHints.value[0]! : null));

let history = new History<Work>({ past: [], present: { hints: [], adjustments: UNADJUSTED }, future: [] });
let nextKey = 1;

/** A hint as engines take it. */
const wire = ({ x, y, color, size }: WireHint): WireHint => ({ x, y, color, size });
/** What the network is told: hints that a person gave a color. */
export const told = (some: readonly (WireHint & { guess?: boolean })[]): WireHint[] => some.filter((hint) => !hint.guess).map(wire);
export const wireHints = () => told(hints.value);
export const withKey = (hint: Omit<Hint, "key">): Hint => ({ ...hint, key: nextKey++ });
/** The hints that the history ends with, without a gesture under way. */
export const present = () => history.present.hints;
export const timeline = () => history.timeline;

/** Selects these hints and no others. */
export function select(...keys: number[]): void {
  selectedKeys.value = new Set(keys);
}

function sync(): void {
  batch(() => {
    ({ hints: hints.value, adjustments: adjustments.value } = history.present);
    canUndo.value = history.canUndo;
    canRedo.value = history.canRedo;
  });
}

function change(work: () => void): void {
  batch(() => {
    work();
    sync();
    changes.value++;
  });
}

/** Puts another photo's work on the table. */
export function begin(past: Timeline<Work>, named: Snapshot[] = [], isDone = false): void {
  batch(() => {
    history = new History(past);
    [snapshots.value, done.value] = [named, isDone];
    select();
    sync();
  });
}

/** Shows hints without a step in the history: while a hint or a color is being dragged. */
export function preview(next: Hint[]): void {
  hints.value = next;
}

export const stopPreview = sync;

/** Makes hints the new present. Equal tags in a row are one step of undo. */
export function commit(next: Hint[], tag: string | null = null): void {
  change(() => history.commit({ ...history.present, hints: next }, tag));
}

/** Makes adjustments the new present, likewise. */
export function adjust(next: Partial<Adjustments>, tag: string | null = null): void {
  change(() => history.commit({ ...history.present, adjustments: { ...history.present.adjustments, ...next } }, tag));
}

export function undo(): void {
  if (history.canUndo) change(() => history.undo());
}

export function redo(): void {
  if (history.canRedo) change(() => history.redo());
}

/** Names what is on the table now, to come back to it. */
export function takeSnapshot(name: string): void {
  const { hints, adjustments } = history.present;
  change(() => (snapshots.value = [...snapshots.value, { name, hints, adjustments, time: Date.now() }]));
}

function setSnapshots(next: Snapshot[]): void {
  change(() => (snapshots.value = next));
}

/** Forgets one; undo is for hints, so the way back is told. */
export function forgetSnapshot(snapshot: Snapshot): void {
  const at = snapshots.value.indexOf(snapshot);
  setSnapshots(without(snapshots.value, at));
  tell(texts.desk.forgotten(snapshot.name), "info", () => setSnapshots(withAt(snapshots.value, at, snapshot)));
}

export function setDone(next: boolean): void {
  change(() => (done.value = next));
}

/** Puts a snapshot's hints and adjustments on the table, as one step of the history. */
export function returnTo({ hints, adjustments }: Snapshot): void {
  change(() => {
    history.commit({ hints, adjustments });
    select();
  });
}

export function tell(text: string, kind: Notice["kind"] = "info", putBack?: () => void): void {
  notice.value = { text, kind, putBack };
}

export function setRailWide(wide: boolean): void {
  railWide.value = wide;
  storeFlag("rail", wide);
}
