// What a folder of photos adds to the rail.

import { CopyIcon, DoneIcon, ExportIcon, NextIcon, PreviousIcon } from "./icons";
import { Group, Tool } from "./Tool";
import { copyToNext, exporting, film, neighbor, place, step } from "../state/film";
import { togglePanel } from "../state/commands";
import * as store from "../state/store";
import { texts } from "../texts";

const words = texts.desk;

export function FilmTools() {
  if (!film.value) return null;
  const running = exporting.value?.finished ? null : exporting.value;
  return (
    <Group class="counter film-tools">
      {store.photo.value && (
        <>
          <div class="row">
            <Tool icon={PreviousIcon} label={words.previous} keys="Page Up" disabled={!neighbor(-1)} onClick={() => step(-1)} />
            <output class="label">{words.place(place() + 1, film.value.photos.length)}</output>
            <Tool icon={NextIcon} label={words.next} keys="Page Down" disabled={!neighbor(1)} onClick={() => step(1)} />
          </div>
          <Tool icon={CopyIcon} label={words.copyNext} tip={`${words.copyNextTip} (Shift Page Down)`} disabled={!neighbor(1) || !store.hints.value.length} onClick={copyToNext} />
          <Tool icon={DoneIcon} label={words.done} tip={words.doneTip} keys="D" on={store.done.value} onClick={() => store.setDone(!store.done.value)} />
        </>
      )}
      <Tool
        icon={ExportIcon}
        label={running ? words.exporting(running.done, running.total) : words.export}
        tip={words.exportTip}
        keys="X"
        aria-expanded={store.panel.value === "export"}
        onClick={() => togglePanel("export")}
      />
    </Group>
  );
}
