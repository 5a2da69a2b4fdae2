// Writing many photos in the background, and what has come of it.

import { useState } from "preact/hooks";
import { engine } from "#engine";
import { LookFields, look, wireLook } from "./LookFields";
import { Panel } from "./Panel";
import type { ExportProgress } from "../engine/engine";
import { cancelExport, exporting, extent, film, leaveExport, startExport, type Extent } from "../state/film";
import { texts } from "../texts";

const words = texts.desk;
const EXTENTS: Extent[] = ["all", "done", "chosen"];

export function ExportPanel() {
  return (
    <Panel title={words.exportTitle} class="desk-panel export">
      {exporting.value ? <Running /> : <Choosing />}
    </Panel>
  );
}

function Choosing() {
  const [which, setWhich] = useState<Extent>(extent("chosen").length ? "chosen" : "all");
  const count = extent(which).length;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void startExport(which, { ...wireLook(), hint_files: look.value.withHints });
      }}
    >
      <div class="choices" role="radiogroup" aria-label={words.which}>
        {EXTENTS.map((each) => (
          <label key={each} class={each === which ? "chosen" : ""} title={words.extentTips[each]}>
            <input type="radio" name="extent" value={each} checked={each === which} onChange={() => setWhich(each)} />
            {words.extents[each]}
          </label>
        ))}
      </div>
      {film.value?.reading && <p>{words.reading(film.value.photos.length)}</p>}
      <p>{count ? words.photos(count) : words.noPhotos[which]}</p>
      <LookFields />
      <button type="submit" class="button main" disabled={!count} title={words.exportTip}>
        {words.exportNow}
      </button>
      <Failures title={words.unread} of={film.value?.failed ?? []} />
    </form>
  );
}

function Running() {
  const { id, done, total, failed, finished, current } = exporting.value!;
  return (
    <>
      <progress value={done} max={total} aria-label={words.exportTitle} />
      <p role="status">{finished ? words.exported(done - failed.length, total) : words.writing(done, total, current ?? "")}</p>
      <Failures title={words.unwritten} of={failed} open />
      <div class="row">
        {finished && done > failed.length && (
          <a class="button main" href={engine.folder!.zipAddress(id)} download title={words.zipTip}>
            {words.zip}
          </a>
        )}
        <button type="button" class="button" title={finished ? words.anotherTip : words.cancelTip} onClick={() => (finished ? leaveExport() : void cancelExport())}>
          {finished ? words.another : words.cancel}
        </button>
      </div>
    </>
  );
}

/** What is missing: said in one line, and why in the list below it. */
export function Failures({ title, of, open = false }: { title: (n: number) => string; of: ExportProgress["failed"]; open?: boolean }) {
  if (!of.length) return null;
  return (
    <details class="failed" open={open}>
      <summary>{title(of.length)}</summary>
      <ul>
        {of.map(({ name, error }) => (
          <li key={name}>
            <strong>{name}</strong>
            {error}
          </li>
        ))}
      </ul>
    </details>
  );
}
