// What the program has to say, above the photo; screen readers hear it. A conflict stays until the person has chosen.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import "./notices.css";
import { CloseIcon } from "../icons";
import { useFocusLeft } from "../state/focus";
import { keeping, settle } from "../state/keeper";
import * as store from "../state/store";
import { texts } from "../texts";

export function Notices() {
  const notice = store.linkUp.value ? store.notice.value : ({ text: texts.noServer, kind: "error" } as const);
  return (
    <div class="notices">
      {keeping.value.state === "conflict" && <Conflict />}
      {keeping.value.state === "failed" && store.linkUp.value && (
        <p class="unkept" role="alert">
          {texts.desk.kept.failed}: {keeping.value.why}
        </p>
      )}
      <div role="alert">{notice?.kind === "error" && <Notice {...notice} />}</div>
      <div role="status">{notice && notice.kind !== "error" && <Notice {...notice} />}</div>
    </div>
  );
}

const READ_MS = 8000; // what is only told goes by itself; what went wrong stays

function Notice({ text, kind, putBack }: store.Notice) {
  const element = useRef<HTMLParagraphElement>(null);
  useFocusLeft(element);
  const [held, setHeld] = useState(false); // being read, or about to be closed
  // as soon as it is held, not after the next picture: what is read must not go in between
  useLayoutEffect(() => {
    if (kind !== "info" || held) return;
    const timer = setTimeout(() => (store.notice.value = null), READ_MS);
    return () => clearTimeout(timer);
  }, [text, kind, putBack, held]);
  return (
    <p
      ref={element}
      class={`notice ${kind}`}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocusCapture={() => setHeld(true)}
      onBlurCapture={() => setHeld(false)}
    >
      {kind === "busy" && <span class="spinner" aria-hidden="true" />}
      {text}
      {putBack && (
        <button
          type="button"
          class="button small"
          onClick={() => {
            store.notice.value = null;
            putBack();
          }}
        >
          {texts.putBack}
        </button>
      )}
      {kind !== "busy" && store.linkUp.value && (
        <button type="button" class="quiet" title={texts.close} aria-label={texts.close} onClick={() => (store.notice.value = null)}>
          <CloseIcon />
        </button>
      )}
    </p>
  );
}

function Conflict() {
  const words = texts.desk.conflict;
  return (
    <div class="notice error conflict" role="alert">
      <span>{words.text}</span>
      <button type="button" class="button" title={words.mineTip} onClick={() => void settle(true)}>
        {words.mine}
      </button>
      <button type="button" class="button" title={words.theirsTip} onClick={() => void settle(false)}>
        {words.theirs}
      </button>
    </div>
  );
}
