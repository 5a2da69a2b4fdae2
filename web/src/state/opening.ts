// Putting a photo on the table, with all that was kept of it.

import { batch } from "@preact/signals";
import { engine } from "#engine";
import { MOST_TEXELS } from "../canvas/painter";
import { fit } from "../canvas/view";
import { sampleFile, type PhotoInfo, type Sample, type WireHint } from "../engine/engine";
import { follow, leave } from "./frames";
import { load, recall } from "./keeper";
import * as store from "./store";
import { texts } from "../texts";

const SLOW = 300; // ms after which a person is told what is waited for

/** Does what may fail, and tells it when it does; of work that was called off nothing is told. */
export async function attempt(work: () => Promise<void>, signal?: AbortSignal): Promise<void> {
  try {
    await work();
    if (signal?.aborted) return;
    const notice = store.notice.value;
    if (notice?.kind === "busy" && notice.text !== texts.preparing) store.notice.value = null; // the network's goes when it is ready
  } catch (error) {
    if (!signal?.aborted) store.tell(error instanceof Error ? error.message : String(error), "error");
  }
}

let opening = new AbortController();

/** Opens a photo, in place of the one that is still being opened. */
function supersede(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  opening.abort();
  opening = new AbortController();
  const { signal } = opening;
  return attempt(() => work(signal), signal);
}

let lost = ""; // the open photo's id, once the engine does not hold it any more

function connect(id: string, file: File | null): void {
  lost = "";
  follow(id, () =>
    void attempt(async () => {
      lost = id;
      if (!file) throw new Error(texts.photoGone);
      const again = await engine.open(file);
      if (store.photo.peek()?.info.id === id) connect(again.id, file); // and not another photo by now
    }),
  );
}

const fresh = (hints: WireHint[]) => ({ past: [], present: { hints: hints.map(store.withKey), adjustments: store.UNADJUSTED }, future: [] });

async function show(info: PhotoInfo, file: File | null, given: WireHint[] | null, signal: AbortSignal): Promise<void> {
  const [gray, kept] = await Promise.all([engine.gray(info.id, MOST_TEXELS, signal), load(info.id, signal)]);
  if (signal.aborted) return;
  const isOpen = store.photo.peek()?.info.id === info.id; // the work on the table is newer than what is kept
  leave(); // these hints are not for the photo that was open before
  const back = batch(() => {
    const found = !isOpen && recall(info.id, kept);
    if (!isOpen && !found) store.begin(fresh(info.hints));
    [store.frame.value, store.before.value, store.panel.value, store.notice.value] = [null, null, null, null];
    store.compare.value = "none";
    store.photo.value = { info, gray, file };
    store.view.value = fit(info, store.stage.value);
    if (given) store.commit(given.map(store.withKey)); // a step that can be undone: nothing that was kept is lost
    return found;
  });
  connect(info.id, file);
  window.history.replaceState(null, "", `?photo=${info.id}`); // so that reloading the page finds it again
  document.title = `${info.name} – ${texts.product}`;
  const count = store.hints.value.length;
  if (back && !given && count) store.tell(texts.draftBack(count));
  else if (info.has_color) store.tell(texts.hasColor);
}

/** Opens what was chosen, dropped or pasted: a photo, a hints file for the open photo, or both together. */
export function openFiles(files: File[]): Promise<void> {
  const hintFile = files.find((file) => file.name.toLowerCase().endsWith(".json"));
  const [picture, ...others] = files.filter((file) => file !== hintFile);
  if (picture)
    return supersede(async (signal) => {
      await openPicture(picture, hintFile, signal);
      if (others.length && !signal.aborted) store.tell(texts.oneOfMany(picture.name, others.length));
    });
  return attempt(async () => {
    if (!hintFile) throw new Error(texts.noSize);
    const id = store.photo.peek()?.info.id;
    if (!id) throw new Error(texts.hintsFirst);
    const read = await engine.readHints(id, hintFile);
    if (store.photo.peek()?.info.id !== id) return;
    store.select();
    store.commit(read.map(store.withKey));
  });
}

async function openPicture(picture: File, hintFile: File | undefined, signal: AbortSignal): Promise<void> {
  store.tell(texts.opening(picture.name), "busy");
  const info = await engine.open(picture);
  if (!signal.aborted) await show(info, picture, hintFile ? await engine.readHints(info.id, hintFile) : null, signal);
}

export const openSample = (sample: Sample) =>
  supersede(async (signal) => {
    const file = await sampleFile(sample);
    if (!signal.aborted) await openPicture(file, undefined, signal);
  });

/**
 * Opens a photo that the engine has; with hints, these are put on it as a step of its history. After a rest of so many
 * milliseconds, nothing is asked for where another photo is opened meanwhile.
 */
export const openById = (id: string, given: WireHint[] | null = null, rest = 0) =>
  supersede(async (signal) => {
    if (!given && id === store.photo.peek()?.info.id && id !== lost) return;
    if (rest) await new Promise((resolve) => setTimeout(resolve, rest));
    if (signal.aborted) return;
    const timer = setTimeout(() => signal.aborted || store.tell(texts.openingPhoto, "busy"), SLOW);
    try {
      const info = await engine.info(id, signal);
      if (!signal.aborted) await show(info, null, given, signal);
    } finally {
      clearTimeout(timer);
    }
  });
