// "Suggest places": the few points where a hint would change most, as dashed markers until one is clicked.

import { effect, signal } from "@preact/signals";
import { engine } from "#engine";
import type { Place } from "../engine/engine";
import { focusRing } from "../state/focus";
import * as store from "../state/store";
import { texts } from "../texts";
import { add } from "./edit";

export const places = signal<Place[]>([]);
let turn = 0;

effect(() => {
  void store.photo.value; // another photo has other places
  turn++;
  places.value = [];
});

export function hidePlaces(): void {
  turn++;
  places.value = [];
  if (store.notice.value?.kind === "info") store.notice.value = null; // the sentence about them
}

/** Asks the engine where hints would help; asked again, hides them. */
export async function togglePlaces(): Promise<void> {
  if (places.value.length) return hidePlaces();
  const photo = store.photo.value;
  if (!photo) return;
  const mine = ++turn;
  store.tell(texts.lookingForPlaces, "busy");
  store.hintsHidden.value = false;
  store.select(); // now, and not when they are there: by then a person may have gone on
  try {
    const found = await engine.suggestPlaces(photo.info.id, { hints: store.wireHints(), budget: store.budget.value });
    if (mine !== turn) return;
    places.value = found;
    store.tell(found.length ? texts.placesFound(found.length) : texts.noPlaces);
  } catch (error) {
    if (mine === turn) store.tell((error as Error).message, "error");
  }
}

/** Makes a marked place a hint; by the keyboard, its ring then has that. */
export function takePlace(place: Place, byKey: boolean): void {
  places.value = places.value.filter((each) => each !== place);
  const hint = add(place.x, place.y);
  if (byKey) requestAnimationFrame(() => focusRing(hint?.key));
}
