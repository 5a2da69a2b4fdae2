// Comparing with a snapshot: what is otherwise the gray photo, left of the line or in the other pane, becomes the snapshot.

import { effect } from "@preact/signals";
import { frameOf } from "./frames";
import { attempt } from "./opening";
import * as store from "./store";

let turn = 0; // what was asked for last is shown, whichever frame comes first
let covered: { photo: store.OpenPhoto | null; before: store.Before | null } | null = null; // by a snapshot that is held

function lay(snapshot: store.Snapshot, onThere: () => void): Promise<void> {
  const mine = ++turn;
  const photo = store.photo.peek();
  return attempt(async () => {
    const frame = await frameOf(snapshot);
    if (mine !== turn || store.photo.peek() !== photo) return;
    store.before.value = { snapshot, frame };
    onThere();
  });
}

/** Compares with a snapshot from now on. */
export const compareWith = (snapshot: store.Snapshot, how: store.Compare) => lay(snapshot, () => (store.compare.value = how));

/** Lays a snapshot under the comparison for as long as the photo of before is held. */
export function see(snapshot: store.Snapshot): Promise<void> {
  covered ??= { photo: store.photo.peek(), before: store.before.peek() };
  return lay(snapshot, () => {});
}

export function stopComparing(): void {
  turn++;
  store.before.value = null;
  store.compare.value = "none";
}

// Once it is let go, what was compared with before is again; with the comparison over, the next one is with the gray photo.
effect(() => {
  const isOver = store.compare.value === "none";
  if (store.grayHeld.value) return;
  if (covered) {
    turn++;
    if (covered.photo === store.photo.peek()) store.before.value = covered.before;
    covered = null;
  }
  if (isOver) store.before.value = null;
});
