// Small commands that buttons and keys share.

import { openFiles } from "./opening";
import * as store from "./store";
import { zoomTo } from "../canvas/view";

const dialog = document.createElement("input"); // one for all: what is made anew may be collected before its answer
dialog.type = "file";

/** The system's own file dialog. */
export function pickFiles(accept: string, multiple: boolean, take: (files: File[]) => void): void {
  Object.assign(dialog, { accept, multiple, value: "" }); // so that the same file can be chosen again
  dialog.onchange = () => dialog.files?.length && take([...dialog.files]);
  dialog.click();
}

/** Several files, so that a photo can come with its hints. */
export const pickFile = () => pickFiles("image/*,.tif,.tiff,.json", true, (files) => void openFiles(files));

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
