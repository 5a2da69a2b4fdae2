// The color of the selected hints: the colors that the leading one's spot can show, numbers, reach, colors at hand.

import type { VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { hexToLab, labToHex } from "../color/color";
import { nearest } from "../color/gamut";
import { isPaletteFile } from "../color/palettes/palette";
import { ClearIcon } from "../icons";
import { focusRing, focusStage } from "../state/focus";
import { loadFlag, storeFlag } from "../state/settings";
import * as store from "../state/store";
import { control, texts } from "../texts";
import { ColorFields } from "./ColorFields";
import { remember, toggleDropper } from "./dropper";
import { MAX_SIZE, MIN_SIZE, chooseAb, duplicate, removeSelected, resize, toggleLock } from "./edit";
import { CopyIcon, DropperIcon, LockIcon, LockedIcon } from "./icons";
import { Palettes, readPalettes } from "./Palettes";
import { PlaneField } from "./PlaneField";
import { leading } from "./select";
import { colorOf, outcome, planeOf } from "./spot";
import { Suggested } from "./Suggested";
import { Swatches } from "./Swatches";
import "./picker.css";

const SAME = 1; // Lab units a person does not see
const EXTREME = 4; // as near to black or white as this, L leaves hardly any color

/** What a person is told after asking for `wanted` on a spot of lightness L. */
function answer(wanted: string, got: string, L: number, moved: number): string {
  if (wanted === got) return "";
  if (moved < SAME) return texts.becomes(wanted, got);
  return hexToLab(wanted)[0] > L ? texts.tooDark(wanted, got) : texts.tooLight(wanted, got);
}

/** Made once, with the photo, and from then on only brought up to date: to make it anew would take longer than a click may. */
export function Picker() {
  const hint = leading.value;
  const element = useRef<HTMLDivElement>(null);
  const contents = useRef<VNode | null>(null);
  if (hint) contents.current = <Contents hint={hint} />;
  else contents.current ??= <Contents hint={standIn()} />;
  useLayoutEffect(() => {
    if (!hint && element.current!.contains(document.activeElement)) focusStage(); // what is unseen cannot have the keyboard
  }, [!hint]);
  return (
    <div
      class={`picker${hint ? "" : " resting"}`}
      ref={element}
      role="group"
      aria-label={texts.picker}
      onPointerDown={(event) => event.stopPropagation()}
      onWheel={(event) => event.stopPropagation()}
      onKeyDown={(event) => event.key === "Escape" && backToRing(event)}
      onDrop={(event) => takePaletteFiles(event)}
    >
      {contents.current}
    </div>
  );
}

/** What the picker is made ready with before there is a hint. */
function standIn(): store.Hint {
  const { width, height } = store.photo.value!.info;
  return { key: 0, x: width / 2, y: height / 2, color: "#808080", size: MIN_SIZE };
}

function Contents({ hint }: { hint: store.Hint }) {
  const photo = store.photo.value!;
  const plane = planeOf(photo, hint.x, hint.y);
  const { L } = plane;
  const [sentence, setSentence] = useState({ of: hint.key, text: "" });
  const said = sentence.of === hint.key ? sentence.text : ""; // what was said of another hint is over
  const setSaid = (text: string) => setSentence({ of: hint.key, text });
  const [, a, b] = hexToLab(colorOf(hint));
  const here = nearest(plane, a, b);
  const shown = labToHex(L, ...here);
  const count = store.selectedHints.value.length;
  const locked = store.selectedHints.value.every((each) => each.locked);

  /** Takes hue and chroma; every spot keeps its lightness. */
  const takeAb = (ab: [number, number], said: (got: string, moved: number) => string) => {
    const got = nearest(plane, ...ab);
    chooseAb(ab);
    storeFlag("taught", true);
    setSaid(locked ? "" : count > 1 ? texts.eachItsOwn(count) : said(labToHex(L, ...got), Math.hypot(got[0] - ab[0], got[1] - ab[1])));
  };
  const takeHex = (wanted: string) => takeAb(hexToLab(wanted).slice(1) as [number, number], (got, moved) => answer(wanted, got, L, moved));
  const takeAndRemember = (wanted: string) => {
    takeHex(wanted);
    remember(wanted); // as it was meant, for spots of another lightness
  };

  const extreme = L < EXTREME ? texts.noColorDark : L > 100 - EXTREME ? texts.noColorLight : "";
  const note = locked ? texts.lockedHint(count) : said || extreme || (hint.guess && !loadFlag("taught", false) ? texts.firstPick : "");
  return (
    <>
      <div class="row head">
        <h2>{texts.selectedHints(count)}</h2>
        <Button icon={DropperIcon} tip={texts.dropper} keys="I" on={store.tool.value === "eyedropper"} run={toggleDropper} />
        <Button icon={locked ? LockedIcon : LockIcon} tip={locked ? texts.unlock(count) : texts.lock(count)} keys="L" on={locked} run={toggleLock} />
        <Button icon={CopyIcon} tip={texts.duplicate(count)} keys={`${control} D`} run={duplicate} />
        <Button icon={ClearIcon} tip={texts.remove(count)} keys="Del" run={removeSelected} />
      </div>
      <PlaneField plane={plane} ab={here} locked={locked} onSaid={setSaid} />
      <div class="fields">
        <ColorFields color={shown} lab={[L, ...here]} onTake={takeAndRemember} onTakeAb={(ab) => takeAb(ab, (got, moved) => (moved < SAME ? "" : texts.noSuchAb(ab, got)))} onWrong={() => setSaid(texts.hexWrong)} />
        <Obtained hint={hint} />
        <label class="row size" title={texts.hintSizeTip}>
          <span>{texts.hintSize}</span>
          <input type="range" min={MIN_SIZE} max={MAX_SIZE} step={1} value={hint.size} disabled={locked} onInput={(event) => resize(Number(event.currentTarget.value))} />
          <output>{hint.size}</output>
        </label>
        <Suggested hint={hint} onTake={takeAndRemember} />
        <div class="choice-row" role="group" aria-label={texts.recent}>
          <span class="choice-title">{texts.recent}</span>
          <span class="choice-note">{!store.recent.value.length && texts.noRecent}</span>
          <div class="swatches">
            {/* Not remembered again: the row would change under the pointer. */}
            <Swatches choices={store.recent.value.map((color) => ({ color, label: texts.use(color) }))} onTake={takeHex} />
          </div>
        </div>
        <Palettes color={shown} onTake={takeAndRemember} />
        {note && (
          <p class="said" role="status">
            {note}
          </p>
        )}
      </div>
    </>
  );
}

interface ButtonProps {
  icon: typeof DropperIcon;
  tip: string;
  keys: string;
  on?: boolean;
  run: () => void;
}

const Button = ({ icon: Icon, tip, keys, on, run }: ButtonProps) => (
  <button type="button" class="quiet" title={`${tip} (${keys})`} aria-label={tip} aria-pressed={on} onClick={run}>
    <Icon />
  </button>
);

/** What was asked for beside what the photo shows, and how different they look. */
function Obtained({ hint }: { hint: store.Hint }) {
  const [photo, frame] = [store.photo.value, store.frame.value];
  if (!photo || !frame) return null;
  const { asked, got, difference } = outcome(photo, frame, hint);
  return (
    <dl class="row obtained" title={texts.obtainedTip(asked, got)}>
      <dt>{texts.asked}</dt>
      <dd class="swatch" style={{ background: asked }}>
        <span class="unseen">{asked}</span>
      </dd>
      <dt>{texts.got}</dt>
      <dd class="swatch" style={{ background: got }}>
        <span class="unseen">{got}</span>
      </dd>
      <dt class="end">ΔE</dt>
      <dd class="difference">{difference.toFixed(1)}</dd>
    </dl>
  );
}

/** Escape gives the keyboard from the picker back to the ring; a mouse user's Escape goes on to select nothing. */
function backToRing(event: KeyboardEvent): void {
  if (!leading.value || !(event.target as HTMLElement).matches(":focus-visible")) return;
  event.stopPropagation();
  event.preventDefault();
  focusRing(leading.value.key);
}

function takePaletteFiles(event: DragEvent): void {
  const files = [...(event.dataTransfer?.files ?? [])];
  if (!files.length || !files.every(({ name }) => isPaletteFile(name))) return; // a photo: the window's business
  event.preventDefault();
  event.stopPropagation();
  void readPalettes(files);
}
