// What a person can do to photo and hints. Buttons, keys and gestures all end here.

import { batch, effect } from "@preact/signals";
import { engine } from "#engine";
import { grayToLightness, labToHex } from "../color/color";
import { loadDraft, storeRecent } from "./drafts";
import { fitChroma } from "../color/gamut";
import { sampleFile, type Download, type LiveLink, type PhotoInfo, type PictureFormat, type Sample, type WireHint } from "../engine/engine";
import { MOST_TEXELS } from "../canvas/painter";
import * as store from "./store";
import type { Hint } from "./store";
import { texts } from "../texts";
import { fit } from "../canvas/view";

const FIRST_SIZE = 2;

let live: LiveLink | null = null;
let opening = 0; // the newest opening wins when a person opens another photo meanwhile

effect(() => {
  const hints = store.wireHints(); // read even without a connection, so that this runs again for every change
  live?.send({ hints });
});

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
    if (store.notice.value?.kind === "busy") store.notice.value = null;
  } catch (error) {
    store.tell(error instanceof Error ? error.message : String(error), "error");
  }
}

function connect(id: string, file: File | null): void {
  live?.close();
  live = engine.live(id, {
    onFrame: (frame) => (store.frame.value = frame),
    onError: (sentence) => store.tell(sentence, "error"),
    onBusy: (busy) => (store.busy.value = busy),
    onLink: (up) => (store.linkUp.value = up),
    onPhotoGone: () =>
      void attempt(async () => {
        if (!file) throw new Error(texts.photoGone);
        connect((await engine.open(file)).id, file);
      }),
  });
  live.send({ hints: store.wireHints() });
}

async function show(info: PhotoInfo, file: File | null, given: WireHint[] | null, turn: number): Promise<void> {
  const gray = await engine.gray(info.id, MOST_TEXELS);
  if (turn !== opening) return;
  const draft = given ? null : loadDraft(info.id);
  live?.close();
  live = null; // these hints are not for the photo that was open before
  batch(() => {
    store.frame.value = null;
    store.compare.value = "none";
    store.panel.value = null;
    store.notice.value = null;
    store.photo.value = { info, gray, file };
    store.view.value = fit(info, store.stage.value);
    store.restart(given ?? draft ?? info.hints);
  });
  connect(info.id, file);
  window.history.replaceState(null, "", `?photo=${info.id}`); // so that reloading the page finds it again
  document.title = `${info.name} – ${texts.product}`;
  if (draft?.length) store.tell(texts.draftBack(draft.length));
  else if (info.has_color) store.tell(texts.hasColor);
}

/** Opens what was chosen, dropped or pasted: a photo, a hints file for the open photo, or both together. */
export function openFiles(files: File[]): Promise<void> {
  return attempt(async () => {
    const hintFile = files.find((file) => file.name.toLowerCase().endsWith(".json"));
    const picture = files.find((file) => file !== hintFile);
    if (picture) {
      const turn = ++opening;
      store.tell(texts.opening(picture.name), "busy");
      const info = await engine.open(picture);
      if (turn === opening) await show(info, picture, hintFile ? await engine.readHints(info.id, hintFile) : null, turn);
    } else if (hintFile) {
      if (!store.photo.value) throw new Error(texts.hintsFirst);
      const read = await engine.readHints(store.photo.value.info.id, hintFile);
      store.select();
      store.commit(read.map(store.withKey));
    } else {
      throw new Error(texts.noSize);
    }
  });
}

export const openSample = (sample: Sample) =>
  attempt(async () => {
    await openFiles([await sampleFile(sample)]);
  });

export const openById = (id: string) => attempt(async () => show(await engine.info(id), null, null, ++opening));

/** Lightness (0..100) of the photo at a place in photo pixels. */
export function lightnessAt({ info, gray }: store.OpenPhoto, x: number, y: number): number {
  const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
  const column = Math.min(gray.width - 1, Math.floor((x * gray.width) / info.width));
  const row = Math.min(gray.height - 1, Math.floor((y * gray.height) / info.height));
  probe.drawImage(gray, -column, -row);
  return grayToLightness(probe.getImageData(0, 0, 1, 1).data[0]!);
}

/** Adds a hint at a place in photo pixels. Its color is what the network shows there now. */
export function addHint(x: number, y: number): void {
  const [photo, frame] = [store.photo.value, store.frame.value];
  if (!photo || !frame || x < 0 || y < 0 || x >= photo.info.width || y >= photo.info.height) return;
  const L = lightnessAt(photo, x, y);
  const [a, b] = fitChroma(L, ...frame.abAt(x / photo.info.width, y / photo.info.height, L));
  const size = store.selected.value?.size ?? FIRST_SIZE;
  const hint = store.withKey({ x: tenth(x), y: tenth(y), color: labToHex(L, a, b), size });
  batch(() => {
    store.commit([...store.hints.value, hint]);
    store.select(hint.key);
    if (store.notice.value?.kind === "info") store.notice.value = null;
  });
}

/** A tenth of a pixel is finer than anything a person can mean, and keeps the hints file readable. */
const tenth = (v: number) => Math.floor(v * 10) / 10;

function changed(key: number, change: Partial<WireHint>): Hint[] {
  return store.hints.value.map((hint) => (hint.key === key ? { ...hint, ...change } : hint));
}

export function moved(key: number, x: number, y: number): Hint[] {
  const { width, height } = store.photo.value!.info;
  const within = (v: number, extent: number) => tenth(Math.min(extent - 0.1, Math.max(0, v)));
  return changed(key, { x: within(x, width), y: within(y, height) });
}

export function nudge(dx: number, dy: number): void {
  const hint = store.selected.value;
  if (hint) store.commit(moved(hint.key, hint.x + dx, hint.y + dy), `nudge ${hint.key}`);
}

export function previewColor(color: string): void {
  if (store.selected.value) store.preview(changed(store.selected.value.key, { color }));
}

/** Gives the selected hint a color for good. */
export function chooseColor(color: string): void {
  const hint = store.selected.value;
  if (hint) store.commit(changed(hint.key, { color }));
}

/** A small change of the selected hint's color; a row of them is one step of undo. */
export function adjustColor(color: string): void {
  const hint = store.selected.value;
  if (hint) store.commit(changed(hint.key, { color }), `color ${hint.key}`);
}

/** Keeps a color at hand for other hints. */
export function remember(color: string): void {
  store.recent.value = storeRecent(color);
}

export function chooseSize(size: number): void {
  const hint = store.selected.value;
  if (hint) store.commit(changed(hint.key, { size }), `size ${hint.key}`);
}

export function remove(key: number): void {
  store.commit(store.hints.value.filter((hint) => hint.key !== key));
  if (store.selectedKeys.value.has(key)) store.select();
}

export function removeSelected(): void {
  const going = new Set(store.selectedHints.value.filter((hint) => !hint.locked).map((hint) => hint.key));
  if (!going.size) return;
  store.commit(store.hints.value.filter((hint) => !going.has(hint.key)));
  store.select();
}

export function clear(): void {
  if (!store.hints.value.length) return;
  store.commit([]);
  store.select();
}

function hand({ name, data }: Download): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(data);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers read it only after the click is over
}

export const savePhoto = (format: PictureFormat, withHints: boolean) =>
  attempt(async () => {
    const id = store.photo.value!.info.id;
    store.panel.value = null;
    store.tell(texts.saving, "busy");
    const hints = store.wireHints();
    const picture = await engine.render(id, { hints, format });
    hand(picture);
    if (withHints) hand(await engine.writeHints(id, hints));
    store.tell(texts.saved(picture.name));
  });

export const saveHints = () =>
  attempt(async () => {
    store.panel.value = null;
    hand(await engine.writeHints(store.photo.value!.info.id, store.wireHints()));
  });
