// Comparing with a snapshot: what is otherwise the gray photo, left of the line or in the other pane, becomes the snapshot.

import { effect } from "@preact/signals";
import { frameOf } from "./frames";
import { attempt } from "./opening";
import * as store from "./store";

/** Lays a snapshot under the comparison, and with `how` begins one. */
export function compareWith(snapshot: store.Snapshot, how?: store.Compare): Promise<void> {
  return attempt(async () => {
    const photo = store.photo.peek();
    const frame = await frameOf(snapshot);
    if (store.photo.peek() !== photo) return;
    if (!how && !store.grayHeld.value) return; // let go before the frame was there
    store.before.value = { snapshot, frame };
    if (how) store.compare.value = how;
  });
}

export function stopComparing(): void {
  store.before.value = null;
  store.compare.value = "none";
}

// With the comparison over, the next one is with the gray photo again.
effect(() => {
  if (store.compare.value === "none" && !store.grayHeld.value) store.before.value = null;
});
