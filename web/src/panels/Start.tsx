// The empty table: a place to drop a photo, one sentence, three photos to try.

import { useEffect, useState } from "preact/hooks";
import { openSample } from "../state/actions";
import { engine } from "#engine";
import type { Sample } from "../engine/engine";
import { pickFile } from "../state/commands";
import { OpenIcon } from "../icons";
import * as store from "../state/store";
import { texts } from "../texts";

export function Start() {
  const [samples, setSamples] = useState<Sample[]>([]);
  useEffect(() => {
    engine.samples().then(setSamples, (error: Error) => store.tell(error.message, "error"));
  }, []);
  return (
    <div class="start">
      <div class="drop">
        <h1>{texts.drop}</h1>
        <p>{texts.promise}</p>
        <button type="button" class="button main" onClick={pickFile}>
          <OpenIcon />
          {texts.chooseFile}
        </button>
        <small>{texts.orPaste}</small>
      </div>
      <div class="samples">
        <h2>{texts.samples}</h2>
        <ul>
          {samples.map((sample) => (
            <li key={sample.name}>
              <button type="button" onClick={() => void openSample(sample)}>
                <img src={sample.url} alt="" />
                <span>{sample.name}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
