// Handing files to the person: the colored photo at full size, its hints.

import { engine } from "#engine";
import type { Download, RenderRequest } from "../engine/engine";
import { attempt } from "./opening";
import * as store from "./store";
import { texts } from "../texts";

/** Gives the person a file, as a download. */
export function hand({ name, data }: Download): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(data);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers read it only after the click is over
}

export const savePhoto = (look: Omit<RenderRequest, "hints">, withHints: boolean) =>
  attempt(async () => {
    const id = store.photo.value!.info.id;
    store.panel.value = null;
    store.tell(texts.saving, "busy");
    const hints = store.wireHints();
    const picture = await engine.render(id, { hints, ...store.adjustments.value, ...look });
    hand(picture);
    if (withHints) hand(await engine.writeHints(id, hints));
    store.tell(texts.saved(picture.name));
  });

export const saveHints = () =>
  attempt(async () => {
    store.panel.value = null;
    hand(await engine.writeHints(store.photo.value!.info.id, store.wireHints()));
  });
