// Colors that the engine suggests for the place of a hint.

import { useEffect, useState } from "preact/hooks";
import { engine } from "#engine";
import type { ColorsRequest, Suggestion } from "../engine/engine";
import * as store from "../state/store";
import { texts } from "../texts";
import { leading } from "./select";
import { Swatches } from "./Swatches";

const REST_MS = 150; // a hint that is still being moved is not asked about

interface Answer {
  question: string;
  of: number; // a hint's key
  list: Suggestion[];
  failed?: string;
}

export function Suggested({ hint, onTake }: { hint: store.Hint; onTake: (color: string) => void }) {
  const { id } = store.photo.value!.info;
  const chosen = store.selectedKeys.value;
  // What a place should be is not asked of the hints whose color is about to change.
  const hints = store.told(store.hints.value.filter(({ key }) => !chosen.has(key)));
  const request: ColorsRequest = { hints, x: hint.x, y: hint.y, reference: store.reference.value?.id, budget: store.budget.value };
  const question = JSON.stringify([id, request]);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [looked, setLooked] = useState<number | null>(null);

  const isWanted = leading.value?.key === hint.key; // not while the picker waits unseen
  useEffect(() => {
    if (!isWanted) return;
    let current = true;
    const ask = async () => {
      try {
        const list = await engine.suggestColors(id, request);
        if (current) setAnswer({ question, of: hint.key, list });
      } catch (error) {
        if (current) setAnswer({ question, of: hint.key, list: [], failed: (error as Error).message });
      }
    };
    const timer = setTimeout(() => void ask(), REST_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [question, isWanted]);

  const waiting = answer?.question !== question;
  const list = answer?.of === hint.key ? answer.list : []; // those of another place say nothing of this one
  const why = looked === null ? null : list[looked];
  return (
    <div class="choice-row suggested" role="group" aria-label={texts.suggested} aria-busy={waiting}>
      <span class="choice-title">{texts.suggested}</span>
      <span class={`choice-note${answer?.failed ? " failure" : ""}`} role="status">
        {answer?.failed ?? (why ? texts.reasons[why.reason] : !waiting && !list.length ? texts.noSuggestions : "")}
      </span>
      <div class={`swatches${waiting ? " waiting" : ""}`}>
        <Swatches
          choices={list.map(({ color, reason }) => ({ color, label: `${texts.use(color)}: ${texts.reasons[reason]}` }))}
          onTake={onTake}
          onLook={setLooked}
        />
      </div>
    </div>
  );
}
