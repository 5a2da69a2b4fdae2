// What opens beside the rail and never blocks the photo: saving, and the list of shortcuts.

import { useState } from "preact/hooks";
import type { PictureFormat } from "../engine/engine";
import { saveHints, savePhoto } from "../state/actions";
import { loadFlag, storeFlag } from "../state/drafts";
import { CloseIcon } from "../icons";
import { shortcuts, shown } from "../state/keys";
import * as store from "../state/store";
import { texts } from "../texts";

const FORMATS = Object.keys(texts.formats) as PictureFormat[];

const Close = () => (
  <button type="button" class="quiet close" aria-label={texts.close} title={texts.close} onClick={() => (store.panel.value = null)}>
    <CloseIcon />
  </button>
);

export function SavePanel() {
  const { name } = store.photo.value!.info;
  const [format, setFormat] = useState<PictureFormat>(() => (/\.jpe?g$/i.test(name) ? "jpeg" : /\.tiff?$/i.test(name) ? "tiff" : "png"));
  const [withHints, setWithHints] = useState(() => loadFlag("withHints", true));
  return (
    <form
      class="panel save"
      aria-label={texts.saveTitle}
      onSubmit={(event) => {
        event.preventDefault();
        void savePhoto(format, withHints);
      }}
    >
      <h2>{texts.saveTitle}</h2>
      <Close />
      <div class="choices" role="radiogroup" aria-label={texts.saveTitle}>
        {FORMATS.map((each) => (
          <label key={each} class={each === format ? "chosen" : ""}>
            <input type="radio" name="format" value={each} checked={each === format} onChange={() => setFormat(each)} />
            {texts.formats[each]}
          </label>
        ))}
      </div>
      <p>{texts.formatNotes[format]}</p>
      <label class="check">
        <input
          type="checkbox"
          checked={withHints}
          onChange={(event) => {
            setWithHints(event.currentTarget.checked);
            storeFlag("withHints", event.currentTarget.checked);
          }}
        />
        {texts.withHints}
      </label>
      <div class="row">
        <button type="submit" class="button main">
          {texts.saveNow}
        </button>
        <button type="button" class="button" onClick={() => void saveHints()}>
          {texts.saveHints}
        </button>
      </div>
    </form>
  );
}

export function ShortcutsPanel() {
  return (
    <section class="panel shortcuts" aria-label={texts.shortcutsTitle}>
      <h2>{texts.shortcutsTitle}</h2>
      <Close />
      <dl>
        {shortcuts.flatMap(({ rows }) =>
          rows.map((row) => (
            <div key={row.what}>
              <dt>
                <kbd>{shown(row)}</kbd>
              </dt>
              <dd>{row.what}</dd>
            </div>
          )),
        )}
      </dl>
    </section>
  );
}
