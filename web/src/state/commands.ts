// Small commands that buttons and keys share.

import { openFiles } from "./opening";
import * as store from "./store";
import { zoomTo } from "../canvas/view";

/** The system's own file dialog. Several files, so that a photo can come with its hints. */
export function pickFile(): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = "image/*,.tif,.tiff,.json";
  input.onchange = () => input.files?.length && void openFiles([...input.files]);
  input.click();
}

export function togglePanel(panel: store.Panel): void {
  store.panel.value = store.panel.value === panel ? null : panel;
}

export function toggleDivider(): void {
  if (store.photo.value) store.compare.value = store.compare.value === "slider" ? "none" : "slider";
}

export function toggleEffort(): void {
  store.effortOn.value = !store.effortOn.value;
}

export function zoomBy(factor: number): void {
  if (!store.photo.value) return;
  const { width, height } = store.stage.value;
  const { scale } = store.view.value;
  store.view.value = zoomTo(store.photo.value.info, store.stage.value, store.view.value, scale * factor, width / 2, height / 2);
}
