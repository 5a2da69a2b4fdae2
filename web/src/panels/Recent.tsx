// Photos with kept work, the newest first.

import { useEffect, useState } from "preact/hooks";
import { engine } from "#engine";
import type { SessionInfo } from "../engine/engine";
import { CloseIcon } from "../icons";
import { attempt, openById } from "../state/opening";
import { texts } from "../texts";

const MOST = 8;
const THUMBNAIL = 256; // px
const words = texts.desk;

interface RecentProps {
  sessions: SessionInfo[];
  onForget: (id: string) => void;
}

export function Recent({ sessions, onForget }: RecentProps) {
  const forget = (id: string) =>
    attempt(async () => {
      await engine.forget(id);
      onForget(id);
    });
  return (
    <div class="samples recent-work">
      <h2>{words.recentWork}</h2>
      <ul>
        {sessions.slice(0, MOST).map(({ id, name, hints, status, saved }) => (
          <li key={id}>
            <button type="button" title={words.openAgain(name, new Date(saved))} onClick={() => void openById(id)}>
              <img src={engine.thumbnail(id, THUMBNAIL) ?? undefined} alt="" />
              <span class="name">{name}</span>
              <small>
                {texts.hints(hints)}
                {status === "done" && ` · ${words.statuses.done}`}
              </small>
            </button>
            <Forget name={name} onForget={() => void forget(id)} />
          </li>
        ))}
      </ul>
    </div>
  );
}

const SURE_MS = 5000; // after which it has to be pressed twice again

/** The one thing that undo does not bring back: it is pressed twice. */
function Forget({ name, onForget }: { name: string; onForget: () => void }) {
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    const timer = asked ? setTimeout(() => setAsked(false), SURE_MS) : undefined;
    return () => clearTimeout(timer);
  }, [asked]);
  const label = asked ? words.forgetSure(name) : words.forget(name);
  return (
    <button
      type="button"
      class="quiet forget"
      data-asked={asked ? "yes" : undefined}
      title={label}
      aria-label={label}
      onClick={() => (asked ? onForget() : setAsked(true))}
      onBlur={() => setAsked(false)}
    >
      <CloseIcon />
    </button>
  );
}
