import { useEffect, useState } from "preact/hooks";
import { openFiles } from "./state/opening";
import { isText } from "./state/shortcuts";
import { filesOf, hasFiles } from "./state/transfer";
import { EffortPanel } from "./canvas/Effort";
import { ExportPanel } from "./panels/ExportPanel";
import { FilmStrip } from "./panels/FilmStrip";
import { HistoryPanel } from "./panels/HistoryPanel";
import { Notices } from "./panels/Notices";
import { SavePanel } from "./panels/SavePanel";
import { ShortcutsPanel } from "./panels/ShortcutsPanel";
import { PickerBelow } from "./hints/Hints";
import { referenceOpen } from "./hints/reference";
import { ReferencePane } from "./hints/ReferencePane";
import { Rail } from "./panels/Rail";
import { Stage } from "./canvas/Stage";
import { ViewPanel } from "./canvas/ViewPanel";
import { Start } from "./panels/Start";
import * as store from "./state/store";
import { texts } from "./texts";

export function App() {
  const dropping = useDrop();
  const photo = store.photo.value;
  return (
    <div class={`app${photo ? "" : " bare"}`}>
      <Rail />
      <div class="table">
        <Stage />
        {!photo && <Start />}
        {store.panel.value === "save" && photo && <SavePanel />}
        {store.panel.value === "view" && photo && <ViewPanel />}
        {store.panel.value === "history" && photo && <HistoryPanel />}
        {store.panel.value === "export" && <ExportPanel />}
        {store.panel.value === "shortcuts" && <ShortcutsPanel />}
        {store.effortOn.value && photo && !store.panel.value && <EffortPanel />}
        <Notices />
        {dropping && <div class="dropping">{texts.letGo}</div>}
      </div>
      <FilmStrip />
      {photo && referenceOpen.value && <ReferencePane />}
      {photo && store.phone.value && <PickerBelow />}
    </div>
  );
}

const open = (files: File[]) => files.length && void openFiles(files);

/** Files dropped anywhere on the window, or pasted. True while something is dragged over it. */
function useDrop(): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const onOver = (event: DragEvent) => {
      const isFiles = hasFiles(event.dataTransfer);
      if (!isFiles && isText(event.target)) return; // takes text by itself
      event.preventDefault(); // else the browser would leave for the file or link
      if (!isFiles) event.dataTransfer!.dropEffect = "none";
      const elsewhere = event.target instanceof Element && event.target.closest(".reference"); // which says so itself
      setOver(!elsewhere && isFiles);
    };
    const onEnd = () => setOver(false); // whoever takes the files
    const onLeave = (event: DragEvent) => {
      if (!event.relatedTarget) setOver(false); // left the window, not just one element for another
    };
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      open(filesOf(event.dataTransfer));
    };
    const onPaste = (event: ClipboardEvent) => {
      const isTaken = event.defaultPrevented || isText(event.target);
      if (!isTaken && hasFiles(event.clipboardData)) open(filesOf(event.clipboardData));
    };
    addEventListener("dragover", onOver, true);
    addEventListener("drop", onEnd, true);
    addEventListener("dragleave", onLeave);
    addEventListener("drop", onDrop);
    addEventListener("paste", onPaste);
    return () => {
      removeEventListener("dragover", onOver, true);
      removeEventListener("drop", onEnd, true);
      removeEventListener("dragleave", onLeave);
      removeEventListener("drop", onDrop);
      removeEventListener("paste", onPaste);
    };
  }, []);
  return over;
}
