// What is dropped or pasted.

import * as store from "./store";
import { texts } from "../texts";

/** Whether it is files at all, and not a piece of text or a link. */
export const hasFiles = (data: DataTransfer | null): data is DataTransfer => data?.types.includes("Files") ?? false;

/** The files; none where a folder is among them, which a page gets as a file that cannot be read: the person is told. */
export function filesOf(data: DataTransfer): File[] {
  const folder = [...data.items].map((item) => item.webkitGetAsEntry()).find((entry) => entry?.isDirectory);
  if (folder) store.tell(texts.isFolder(folder.name), "error");
  return folder ? [] : [...data.files];
}
