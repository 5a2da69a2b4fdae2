import { useEffect, useState } from "preact/hooks";
import { openFiles } from "./state/actions";
import { EffortPanel } from "./canvas/Effort";
import { CloseIcon } from "./icons";
import { SavePanel, ShortcutsPanel } from "./panels/Panels";
import { Picker } from "./hints/Picker";
import { PickerHint } from "./hints/PlaneField";
import { Rail } from "./panels/Rail";
import { Stage } from "./canvas/Stage";
import { Start } from "./panels/Start";
import * as store from "./state/store";
import { texts } from "./texts";

export function App() {
  const dropping = useDrop();
  const photo = store.photo.value;
  const hint = store.selected.value;
  return (
    <div class={`app${photo ? "" : " bare"}`}>
      <Rail />
      <div class="table">
        <Stage />
        {!photo && <Start />}
        {store.panel.value === "save" && photo && <SavePanel />}
        {store.panel.value === "shortcuts" && <ShortcutsPanel />}
        {store.effortOn.value && photo && !store.panel.value && <EffortPanel />}
        <Notice />
        {dropping && <div class="dropping">{texts.letGo}</div>}
      </div>
      {photo && store.phone.value && (hint ? <Picker key={hint.key} hint={hint} /> : <PickerHint />)}
    </div>
  );
}

function Notice() {
  const notice = store.linkUp.value ? store.notice.value : ({ text: texts.noServer, kind: "error" } as const);
  return (
    <div class="notices" role={notice?.kind === "error" ? "alert" : "status"}>
      {notice && (
        <p class={`notice ${notice.kind}`}>
          {notice.kind === "busy" && <span class="spinner" aria-hidden="true" />}
          {notice.text}
          {notice.kind !== "busy" && store.linkUp.value && (
            <button type="button" class="quiet" aria-label={texts.close} onClick={() => (store.notice.value = null)}>
              <CloseIcon />
            </button>
          )}
        </p>
      )}
    </div>
  );
}

/** Files dropped anywhere on the window, or pasted. True while something is dragged over it. */
function useDrop(): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const onOver = (event: DragEvent) => {
      event.preventDefault();
      setOver(event.dataTransfer?.types.includes("Files") ?? false);
    };
    const onLeave = (event: DragEvent) => {
      if (!event.relatedTarget) setOver(false); // left the window, not just one element for another
    };
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      void openFiles([...(event.dataTransfer?.files ?? [])]);
    };
    const onPaste = (event: ClipboardEvent) => {
      if (event.clipboardData?.files.length) void openFiles([...event.clipboardData.files]);
    };
    addEventListener("dragover", onOver);
    addEventListener("dragleave", onLeave);
    addEventListener("drop", onDrop);
    addEventListener("paste", onPaste);
    return () => {
      removeEventListener("dragover", onOver);
      removeEventListener("dragleave", onLeave);
      removeEventListener("drop", onDrop);
      removeEventListener("paste", onPaste);
    };
  }, []);
  return over;
}
