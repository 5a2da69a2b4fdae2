// Many photos: the film strip of the folder, and the pictures written of it in the background.

import { effect, signal, untracked } from "@preact/signals";
import { engine } from "#engine";
import { EngineAway, type ExportItem, type ExportLook, type ExportProgress, type Folder, type FolderEntry, type WireHint } from "../engine/engine";
import { attempt, openById } from "./opening";
import { keeping, status } from "./keeper";
import { forget, load, save } from "./settings";
import * as store from "./store";
import { texts } from "../texts";

const EXPORT = "adacolvit.export";
const POLL = 700; // ms between two looks at what the engine does by itself
const REST = 120; // ms between two steps; those of a key that is held follow each other sooner

export const film = signal<Folder | null>(null);
export const chosen = signal<ReadonlySet<string>>(new Set()); // photos marked for exporting

export const exporting = signal<ExportProgress | null>(null);

/** Reads the folder that the app was opened on, and goes on while the engine still adds photos to it. */
export async function readFilm(): Promise<void> {
  try {
    film.value = (await engine.folder?.read()) ?? null;
  } catch (error) {
    store.tell((error as Error).message, "error"); // what is known of it stays
  }
  if (film.value?.reading) setTimeout(() => void readFilm(), POLL);
}

/** What has just been kept of the open photo shows in the strip at once. */
effect(() => {
  const id = store.photo.value?.info.id;
  if (id && keeping.value.state === "kept") untracked(() => update(id, { status: status(), hints: store.present().length }));
});

function update(id: string, now: Pick<FolderEntry, "status" | "hints">): void {
  const before = film.value?.photos.find((photo) => photo.id === id);
  if (!before || (before.status === now.status && before.hints === now.hints)) return;
  film.value = { ...film.value!, photos: film.value!.photos.map((photo) => (photo === before ? { ...photo, ...now } : photo)) };
}

const heading = signal<{ id: string } | null>(null); // the photo that is being opened: the next step goes on from there

/** Where the open photo is in the folder, from 0; -1 where it is another one. */
export const place = () => film.value?.photos.findIndex(({ id }) => id === (heading.value ?? store.photo.value?.info)?.id) ?? -1;

/** Opens a photo of the folder, with hints as a step of its history. */
export async function openFrame(id: string, given: WireHint[] | null = null, rest = 0): Promise<void> {
  const mine = (heading.value = { id });
  await openById(id, given, rest);
  if (heading.value === mine) heading.value = null;
}

export function neighbor(by: 1 | -1): FolderEntry | undefined {
  const photos = film.value?.photos ?? [];
  const at = place();
  return at < 0 ? photos[0] : photos[at + by];
}

let stepped = -Infinity; // when, in ms

/** A single step is taken at once; of a key that is held the last, so that not every photo on the way is decoded. */
export function step(by: 1 | -1): void {
  const next = neighbor(by);
  if (!next) return;
  const before = stepped;
  stepped = performance.now();
  void openFrame(next.id, null, stepped - before < REST ? REST : 0);
}

/** Opens the next photo with the hints of this one, at the same places relative to its size. */
export function copyToNext(): void {
  if (heading.value) return; // the photo on the table is not the one that these hints are for
  const [here, next] = [store.photo.value?.info, neighbor(1)];
  if (!here || !next) return;
  const [sx, sy] = [next.width / here.width, next.height / here.height];
  const scaled: WireHint[] = store.wireHints().map((hint) => ({ ...hint, x: hint.x * sx, y: hint.y * sy }));
  if (!scaled.length) return step(1); // none would take away those of the next photo
  void openFrame(next.id, scaled).then(() => {
    if (store.photo.value?.info.id === next.id) store.tell(texts.desk.copied(scaled.length));
  });
}

export function toggleChosen(id: string): void {
  const next = new Set(chosen.value);
  if (!next.delete(id)) next.add(id);
  chosen.value = next;
}

/** Which photos an export is of. */
export type Extent = "all" | "done" | "chosen";

export const extent = (which: Extent): FolderEntry[] =>
  (film.value?.photos ?? []).filter(({ id, status }) => (which === "done" ? status === "done" : which === "all" || chosen.value.has(id)));

let followed: string | null = null; // the export that is looked at

/** Goes on with an export, of which the browser reminds the page should it be loaded anew. */
function followExport(id: string): Promise<void> {
  followed = id;
  save(EXPORT, id);
  return look(id);
}

export function leaveExport(): void {
  [followed, exporting.value] = [null, null];
  forget(EXPORT);
}

/** Finds the export that was begun before the page was loaded. */
export function recallExport(): void {
  const id = load<string | null>(EXPORT, null);
  if (engine.folder && id) void followExport(id);
}

export const startExport = (which: Extent, look: ExportLook) =>
  attempt(async () => {
    const items = extent(which).map(({ id }): ExportItem => ({ photo: id }));
    await followExport(await engine.folder!.startExport(items, look));
  });

async function look(id: string): Promise<void> {
  const isOver = () => followed !== id; // canceled, perhaps while the engine was asked
  try {
    const progress = await engine.folder!.progress(id);
    if (isOver()) return;
    exporting.value = progress;
    if (progress.finished) return;
  } catch (error) {
    if (isOver()) return;
    if (exporting.value) store.tell((error as Error).message, "error");
    if (!(error instanceof EngineAway)) return leaveExport(); // the engine was started anew, and knows nothing of it
  }
  setTimeout(() => isOver() || void look(id), POLL);
}

export const cancelExport = () =>
  attempt(async () => {
    if (!exporting.value) return;
    await engine.folder!.cancel(exporting.value.id);
    leaveExport();
    store.tell(texts.desk.canceled);
  });
