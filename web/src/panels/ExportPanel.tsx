// Writing many photos in the background, and what has come of it.

import { useState } from "preact/hooks";
import { engine } from "#engine";
import { LookFields, look, wireLook } from "./LookFields";
import { Panel } from "./Panel";
import { cancelExport, exporting, extent, startExport, type Extent } from "../state/film";
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
      <p>{words.photos(count)}</p>
      <LookFields />
      <button type="submit" class="button main" disabled={!count} title={words.exportTip}>
        {words.exportNow}
      </button>
    </form>
  );
}

function Running() {
  const { id, progress } = exporting.value!;
  const { done, total, failed, finished, current } = progress;
  return (
    <>
      <progress value={done} max={total} aria-label={words.exportTitle} />
      <p role="status">{finished ? words.exported(done - failed.length, total) : words.writing(done, total, current ?? "")}</p>
      {failed.length > 0 && (
        <ul class="failed">
          {failed.map(({ name, error }) => (
            <li key={name}>
              <strong>{name}</strong> {error}
            </li>
          ))}
        </ul>
      )}
      <div class="row">
        {finished && done > failed.length && (
          <a class="button main" href={engine.folder!.zipAddress(id)} download title={words.zipTip}>
            {words.zip}
          </a>
        )}
        <button type="button" class="button" title={finished ? words.anotherTip : words.cancelTip} onClick={() => (finished ? (exporting.value = null) : void cancelExport())}>
          {finished ? words.another : words.cancel}
        </button>
      </div>
    </>
  );
}
