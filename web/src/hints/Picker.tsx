// The color of one hint: the ab plane at the spot's own lightness, a hex field, reach, recent colors.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import * as actions from "../state/actions";
import { hexToLab, labToHex, readHex } from "../color/color";
import { nearest, planeAt } from "../color/gamut";
import { ClearIcon } from "../icons";
import { PlaneField } from "./PlaneField";
import * as store from "../state/store";
import { texts } from "../texts";
import { toStage, type Size } from "../canvas/view";

const GAP = 28; // px between the clicked point and the picker, so that the ring stays free
const EDGE = 8;
const [MIN_SIZE, MAX_SIZE] = [2, 7];
const SAME = 1; // Lab units a person does not see
const EXTREME = 4; // as near to black or white as this, L leaves hardly any color

/** What a person is told after asking for ``wanted`` on a spot of lightness L. */
function answer(wanted: string, got: string, L: number, moved: number): string {
  if (wanted === got) return "";
  if (moved < SAME) return texts.becomes(wanted, got);
  return hexToLab(wanted)[0] > L ? texts.tooDark(wanted, got) : texts.tooLight(wanted, got);
}

export function Picker({ hint }: { hint: store.Hint }) {
  const photo = store.photo.value!;
  const L = actions.lightnessAt(photo, hint.x, hint.y);
  const plane = useMemo(() => planeAt(L), [L]);
  const [said, setSaid] = useState("");
  const [, a, b] = hexToLab(hint.color);
  const here = nearest(plane, a, b);
  const shown = labToHex(L, ...here);

  /** Takes a color by its hue and chroma; the spot keeps its lightness. */
  const take = (wanted: string) => {
    const [, wa, wb] = hexToLab(wanted);
    const [na, nb] = nearest(plane, wa, wb);
    const got = labToHex(L, na, nb);
    actions.chooseColor(got);
    actions.remember(wanted); // as it was meant, for spots of another lightness
    setSaid(answer(wanted, got, L, Math.hypot(na - wa, nb - wb)));
  };

  const extreme = L < EXTREME ? texts.noColorDark : L > 100 - EXTREME ? texts.noColorLight : "";
  const element = useRef<HTMLDivElement>(null);
  const place = usePlace(element, hint);
  return (
    <div class="picker" ref={element} style={place} role="group" aria-label={texts.picker} onPointerDown={(e) => e.stopPropagation()} onWheel={(e) => e.stopPropagation()}>
      <PlaneField plane={plane} ab={here} onSaid={setSaid} />
      <div class="fields">
        <div class="row">
          <span class="swatch" style={{ background: shown }} />
          <HexField color={shown} onTake={take} onWrong={() => setSaid(texts.hexWrong)} />
          <button type="button" class="quiet" title={texts.remove} aria-label={texts.remove} onClick={() => actions.remove(hint.key)}>
            <ClearIcon />
          </button>
        </div>
        <label class="row size" title={texts.hintSizeTip}>
          <span>{texts.hintSize}</span>
          <input type="range" min={MIN_SIZE} max={MAX_SIZE} step={1} value={hint.size} onInput={(e) => actions.chooseSize(Number(e.currentTarget.value))} />
          <output>{hint.size}</output>
        </label>
        {store.recent.value.length > 0 && (
          <div class="row recent" role="group" aria-label={texts.recent}>
            {store.recent.value.map((color) => (
              <button type="button" key={color} class="swatch" style={{ background: color }} title={texts.use(color)} aria-label={texts.use(color)} onClick={() => take(color)} />
            ))}
          </div>
        )}
        {(said || extreme) && (
          <p class="said" role="status">
            {said || extreme}
          </p>
        )}
      </div>
    </div>
  );
}

function HexField({ color, onTake, onWrong }: { color: string; onTake: (hex: string) => void; onWrong: () => void }) {
  const done = (field: HTMLInputElement) => {
    const hex = readHex(field.value);
    if (!hex) return onWrong();
    if (hex !== color) onTake(hex);
    field.value = color;
  };
  return (
    <input
      class="hex"
      value={color}
      title={texts.hex}
      aria-label={texts.hex}
      spellcheck={false}
      autocomplete="off"
      maxLength={9}
      onFocus={(e) => e.currentTarget.select()}
      onKeyDown={(e) => {
        if (e.key === "Escape") e.currentTarget.value = color;
        else if (e.key !== "Enter") return;
        e.preventDefault();
        e.stopPropagation();
        e.currentTarget.blur(); // takes the color, and gives the keys back to the photo
      }}
      onBlur={(e) => done(e.currentTarget)}
    />
  );
}

/** Beside the ring, on the side with room; on a phone the style sheet puts the picker below the photo. */
function usePlace(element: { current: HTMLDivElement | null }, hint: store.Hint) {
  const [size, setSize] = useState<Size>({ width: 240, height: 360 });
  useLayoutEffect(() => {
    const { offsetWidth: width, offsetHeight: height } = element.current!;
    if (width !== size.width || height !== size.height) setSize({ width, height });
  });
  if (store.phone.value) return {};
  const room = store.stage.value;
  const ring = toStage(store.view.value, hint.x, hint.y);
  const within = (v: number, extent: number, space: number) => Math.max(EDGE, Math.min(space - extent - EDGE, v));
  const right = ring.x + GAP;
  const left = ring.x - GAP - size.width;
  const fits = (x: number) => x >= EDGE && x + size.width <= room.width - EDGE;
  if (fits(right) || fits(left)) {
    return { left: `${fits(right) ? right : left}px`, top: `${within(ring.y - size.height / 2, size.height, room.height)}px` };
  }
  const below = ring.y + GAP + size.height <= room.height - EDGE ? ring.y + GAP : ring.y - GAP - size.height;
  return { left: `${within(ring.x - size.width / 2, size.width, room.width)}px`, top: `${within(below, size.height, room.height)}px` };
}
