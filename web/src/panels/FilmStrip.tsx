// The folder's photos in a row below the table: where a person is, what is begun, what is done.

import { useEffect, useRef } from "preact/hooks";
import { engine } from "#engine";
import "./film.css";
import { DoneIcon } from "./icons";
import type { FolderEntry } from "../engine/engine";
import { chosen, film, openFrame, toggleChosen } from "../state/film";
import * as store from "../state/store";
import { texts } from "../texts";

const THUMBNAIL = 192; // px; drawn at half of it, for sharp screens
const words = texts.desk;

export function FilmStrip() {
  const folder = film.value;
  if (!folder?.photos.length) return null;
  return (
    <section class="film" aria-label={words.film(folder.name)}>
      <ul>
        {folder.photos.map((photo) => (
          <Picture key={photo.id} photo={photo} />
        ))}
      </ul>
    </section>
  );
}

function Picture({ photo }: { photo: FolderEntry }) {
  const open = store.photo.value?.info.id === photo.id;
  const element = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (open) element.current!.scrollIntoView({ inline: "center", block: "nearest" });
  }, [open]);
  const says = words.statuses[photo.status];
  return (
    <li ref={element} class={photo.status}>
      <button type="button" aria-current={open} title={`${photo.path} – ${says}`} aria-label={words.openPhoto(photo.name, says)} onClick={() => void openFrame(photo.id)}>
        <img src={engine.thumbnail(photo.id, THUMBNAIL) ?? undefined} alt="" loading="lazy" draggable={false} />
        {photo.status !== "new" && <span class="status">{photo.status === "done" ? <DoneIcon /> : photo.hints}</span>}
      </button>
      <input
        type="checkbox"
        checked={chosen.value.has(photo.id)}
        title={words.choosePhoto(photo.name)}
        aria-label={words.choosePhoto(photo.name)}
        onChange={() => toggleChosen(photo.id)}
      />
    </li>
  );
}
