// How a picture is written: format, depth, note, label. Saving one photo and exporting many share them.

import { signal } from "@preact/signals";
import { engine } from "#engine";
import type { PictureFormat } from "../engine/engine";
import { load, save } from "../state/settings";
import { texts } from "../texts";

const KEY = "adacolvit.look";
const DEEP: PictureFormat[] = ["png", "tiff"]; // formats that hold 16 bits

interface LookChoice {
  format: PictureFormat;
  deep: boolean;
  note: boolean;
  labeled: boolean;
  label: string;
  withHints: boolean;
}

const first: LookChoice = { format: "png", deep: true, note: true, labeled: false, label: texts.desk.labelText, withHints: true };

/** A person's choice outlives the panel and the page. */
export const look = signal<LookChoice>({ ...first, ...load<Partial<LookChoice>>(KEY, {}) });

export function choose(change: Partial<LookChoice>): void {
  look.value = { ...look.value, ...change };
  save(KEY, look.value);
}

/** The choice as engines take it. */
export function wireLook() {
  const { format, deep, note, labeled, label } = look.value;
  return { format, note, depth: deep ? null : (8 as const), ...(labeled && label.trim() && { label: label.trim() }) };
}

export function LookFields() {
  const { format, deep, note, labeled, label, withHints } = look.value;
  const words = texts.desk;
  return (
    <>
      <div class="choices" role="radiogroup" aria-label={words.format}>
        {engine.formats.map((each) => (
          <label key={each} class={each === format ? "chosen" : ""}>
            <input type="radio" name="format" value={each} checked={each === format} onChange={() => choose({ format: each })} />
            {texts.formats[each]}
          </label>
        ))}
      </div>
      <p>{texts.formatNotes[format]}</p>
      {!engine.keepsMetadata && <p>{texts.noMetadata}</p>}
      <div class="checks">
        {engine.keepsMetadata && DEEP.includes(format) && <Check label={words.deep} tip={words.deepTip} on={deep} onSet={(on) => choose({ deep: on })} />}
        <Check label={words.note} tip={words.noteTip} on={note} onSet={(on) => choose({ note: on })} />
        <Check label={words.label} tip={words.labelTip} on={labeled} onSet={(on) => choose({ labeled: on })} />
        {labeled && (
          <input class="text" value={label} maxLength={200} aria-label={words.labelField} title={words.labelField} onInput={(event) => choose({ label: event.currentTarget.value })} />
        )}
        <Check label={texts.withHints} tip={words.withHintsTip} on={withHints} onSet={(on) => choose({ withHints: on })} />
      </div>
    </>
  );
}

interface CheckProps {
  label: string;
  tip: string;
  on: boolean;
  onSet: (on: boolean) => void;
}

const Check = ({ label, tip, on, onSet }: CheckProps) => (
  <label class="check" title={tip}>
    <input type="checkbox" checked={on} onChange={(event) => onSet(event.currentTarget.checked)} />
    {label}
  </label>
);
