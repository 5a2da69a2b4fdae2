// The empty table: a place to drop a photo, one sentence, what was worked on lately, three photos to try; or the folder that the
// app was opened on.

import { useEffect, useRef, useState } from "preact/hooks";
import { engine } from "#engine";
import type { Sample, SessionInfo } from "../engine/engine";
import "./start.css";
import { OpenIcon } from "../icons";
import { Failures } from "./ExportPanel";
import { Recent } from "./Recent";
import { pickFile } from "../state/commands";
import { film, step } from "../state/film";
import { useFocusLeft } from "../state/focus";
import { openSample } from "../state/opening";
import * as store from "../state/store";
import { texts } from "../texts";

export function Start() {
  const [samples, setSamples] = useState<Sample[]>([]);
  const [sessions, setSessions] = useState<SessionInfo[]>([]);
  useEffect(() => {
    const tell = (error: Error) => store.tell(error.message, "error");
    engine.samples().then(setSamples, tell);
    engine.sessions().then(setSessions, tell);
  }, []);
  const element = useRef<HTMLElement>(null);
  useFocusLeft(element);
  const isFolder = film.value !== null;
  return (
    <section class="start" ref={element} aria-label={isFolder ? film.value!.name : texts.drop}>
      {isFolder ? <FolderStart /> : <Drop />}
      {sessions.length > 0 && <Recent sessions={sessions} onForget={(id) => setSessions(sessions.filter((each) => each.id !== id))} />}
      {!isFolder && (
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
      )}
    </section>
  );
}

const Choose = () => (
  <button type="button" class="button main" title={texts.openTip} onClick={pickFile}>
    <OpenIcon />
    {texts.chooseFile}
  </button>
);

const Drop = () => (
  <div class="drop">
    <h1>{store.phone.value ? texts.openFirst : texts.drop}</h1>
    <p>{texts.promise}</p>
    <Choose />
    {!store.phone.value && <small>{texts.orPaste}</small>}
  </div>
);

function FolderStart() {
  const { name, photos, failed, reading } = film.value!;
  const words = texts.desk;
  if (!photos.length && !reading)
    return (
      <div class="drop">
        <h1>{name}</h1>
        <p>{words.noPhotos.all}</p>
        <Failures title={words.unread} of={failed} open />
        <Choose />
      </div>
    );
  return (
    <div class="drop">
      <h1>{name}</h1>
      <p>{reading ? words.reading(photos.length) : words.folderStart(photos.length, photos.filter(({ status }) => status === "done").length)}</p>
      {photos.length > 0 && (
        <button type="button" class="button main" title={words.beginTip} onClick={() => step(1)}>
          {words.begin}
        </button>
      )}
    </div>
  );
}
