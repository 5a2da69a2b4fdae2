// The reference: a photo in color that lies beside the stage, to take colors from.

import { signal } from "@preact/signals";
import { engine } from "#engine";
import { pickFiles } from "../state/commands";
import * as store from "../state/store";
import { texts } from "../texts";
import { putDown } from "./dropper";

/** Whether there is room for a reference beside the stage, with a photo in it or not yet. */
export const referenceOpen = signal(false);
let turn = 0; // the newest reference wins, and none that comes after it was closed

export function toggleReference(): void {
  referenceOpen.value = !referenceOpen.value;
  if (!referenceOpen.value) closeReference();
}

export function closeReference(): void {
  turn++;
  referenceOpen.value = false;
  store.reference.value = null;
  putDown();
}

/** Lays a picture file beside the stage. The engine sees it too, so that it can suggest colors from it. */
export async function openReference(file: File): Promise<void> {
  const mine = ++turn;
  try {
    const picture = await createImageBitmap(file).catch(() => {
      throw new Error(texts.referenceUnreadable(file.name));
    });
    const { id } = await engine.open(file);
    if (mine !== turn) return;
    store.reference.value = { id, name: file.name, picture };
    referenceOpen.value = true;
  } catch (error) {
    if (mine === turn) store.tell((error as Error).message, "error");
  }
}

export const chooseReference = () => pickFiles("image/*", false, ([file]) => void openReference(file!));
