// A color as numbers: hex, RGB, or Lab, whose lightness is the spot's own.

import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { bytesToHex, hexToBytes, readHex } from "../color/color";
import { focusRing } from "../state/focus";
import { load, save } from "../state/settings";
import { texts } from "../texts";
import { leading } from "./select";

const NOTATIONS = ["hex", "rgb", "lab"] as const;
type Notation = (typeof NOTATIONS)[number];
const KEY = "adacolvit.notation";
const notation = signal<Notation>(NOTATIONS.find((each) => each === load<string>(KEY, "")) ?? "hex");

/** What was typed is for the hint that it was typed for: a finger takes the keyboard away only after it has chosen another. */
addEventListener(
  "pointerdown",
  ({ target }) => {
    const over = target instanceof Element && target.closest(".stage, .picker, .plane");
    if (over && !over.matches(".picker") && document.activeElement instanceof HTMLInputElement) document.activeElement.blur();
  },
  true,
);

interface Props {
  color: string;
  /** Lightness and color of the spot as it is shown. */
  lab: [number, number, number];
  onTake: (hex: string) => void;
  onTakeAb: (ab: [number, number]) => void;
  onWrong: () => void;
}

export function ColorFields({ color, lab, onTake, onTakeAb, onWrong }: Props) {
  const [typed, setTyped] = useState<number[] | null>(null); // as a whole: each one alone is moved to the spot's lightness
  const rgb = typed ?? [...hexToBytes(color)];
  const set = (i: number) => (v: number) => {
    const next = rgb.map((old, k) => (k === i ? v : old));
    setTyped(next);
    onTake(bytesToHex(next));
  };
  const leave = (event: FocusEvent) => {
    if (!(event.currentTarget as Element).contains(event.relatedTarget as Node | null)) setTyped(null);
  };
  const [L, a, b] = lab.map(Math.round) as [number, number, number];
  return (
    <div class="row color-fields">
      <select
        value={notation.value}
        title={texts.notation}
        aria-label={texts.notation}
        onChange={(event) => save(KEY, (notation.value = event.currentTarget.value as Notation))}
      >
        {NOTATIONS.map((each) => (
          <option key={each} value={each}>
            {texts.notations[each]}
          </option>
        ))}
      </select>
      {notation.value === "hex" && <HexField color={color} onTake={onTake} onWrong={onWrong} />}
      {notation.value === "rgb" && (
        <span class="channels" onFocusOut={leave}>
          {texts.channels.map((name, i) => (
            <NumberField key={name} name={name} value={rgb[i]!} from={0} to={255} onTake={set(i)} />
          ))}
        </span>
      )}
      {notation.value === "lab" && (
        <span class="channels">
          <input class="number" value={L} readOnly title={texts.fixedLightness} aria-label={texts.fixedLightness} />
          <NumberField name="a" value={a} from={-128} to={128} onTake={(v) => onTakeAb([v, lab[2]])} />
          <NumberField name="b" value={b} from={-128} to={128} onTake={(v) => onTakeAb([lab[1], v])} />
        </span>
      )}
    </div>
  );
}

/** Keys of a field: Enter takes what was typed and gives the keyboard back to the ring, Escape forgets it. */
const fieldKeys = (before: string) => (event: KeyboardEvent & { currentTarget: HTMLInputElement }) => {
  if (event.key === "Escape") event.currentTarget.value = before;
  else if (event.key !== "Enter") return;
  event.preventDefault();
  event.stopPropagation();
  focusRing(leading.value?.key);
};

function HexField({ color, onTake, onWrong }: Pick<Props, "color" | "onTake" | "onWrong">) {
  const [typed, setTyped] = useState<string | null>(null);
  const done = (field: HTMLInputElement) => {
    const hex = readHex(field.value);
    if (!hex) onWrong();
    else if (hex !== color) onTake(hex);
    field.value = color;
    setTyped(null);
  };
  return (
    <input
      class="hex"
      value={typed ?? color}
      title={texts.hex}
      aria-label={texts.hex}
      spellcheck={false}
      autocomplete="off"
      maxLength={9}
      onFocus={(event) => event.currentTarget.select()}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={fieldKeys(color)}
      onBlur={(event) => done(event.currentTarget)}
    />
  );
}

interface NumberProps {
  name: string;
  value: number;
  from: number;
  to: number;
  onTake: (value: number) => void;
}

function NumberField({ name, value, from, to, onTake }: NumberProps) {
  const [typed, setTyped] = useState<string | null>(null); // an answer that comes meanwhile must not overwrite it
  return (
    <input
      type="number"
      class="number"
      value={typed ?? value}
      min={from}
      max={to}
      step={1}
      title={texts.channel(name)}
      aria-label={texts.channel(name)}
      onFocus={(event) => event.currentTarget.select()}
      onKeyDown={fieldKeys(String(value))}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onChange={(event) => {
        const wanted = event.currentTarget.valueAsNumber;
        event.currentTarget.value = String(value);
        setTyped(null);
        if (Number.isFinite(wanted)) onTake(Math.round(Math.min(to, Math.max(from, wanted))));
      }}
      onBlur={() => setTyped(null)}
    />
  );
}
