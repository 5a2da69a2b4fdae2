// Where the network spent its effort: patches drawn over the photo, and a small picture of every layer beside it.

import { useMemo } from "preact/hooks";
import { Budget } from "./Budget";
import "./effort.css";
import { chosen, chosenLayer, layers, onPhoto, shares, type Layer, type Part } from "./effort";
import { CloseIcon } from "../icons";
import { toggleEffort } from "../state/commands";
import * as store from "../state/store";
import { texts } from "../texts";

const SHADE = 0.75; // how dark a patch is drawn that took the short path throughout

export function EffortMap() {
  const effort = store.frame.value?.info.effort;
  const values = shares.value;
  const { width, height } = store.photo.value!.info;
  const { x, y, scale } = store.view.value;
  const columns = effort?.columns ?? 1;
  // Made once for a frame, so that panning moves the picture as a whole.
  const patches = useMemo(
    () =>
      values.map((share, i) => (
        <rect
          key={i}
          x={i % columns}
          y={Math.floor(i / columns)}
          width={1}
          height={1}
          fill-opacity={SHADE * (1 - share)}
          stroke="#fff"
          stroke-width={0.016}
          stroke-opacity={0.3 * share}
        />
      )),
    [values, columns],
  );
  if (!effort || !values.length || !onPhoto.value) return null;
  const style = { transform: `translate(${x}px, ${y}px)`, width: `${width * scale}px`, height: `${height * scale}px` };
  return (
    <svg class="effort-map" style={style} viewBox={`0 0 ${columns} ${effort.rows}`} preserveAspectRatio="none" aria-hidden="true">
      {patches}
    </svg>
  );
}

export function EffortPanel() {
  const effort = store.frame.value?.info.effort;
  if (!effort) return null;
  const all = layers.value;
  return (
    <section class="effort panel" aria-label={texts.effortTitle}>
      <h2>{texts.effortTitle}</h2>
      <button type="button" class="quiet close" aria-label={texts.close} title={texts.close} onClick={toggleEffort}>
        <CloseIcon />
      </button>
      <dl>
        <div>
          <dt>{texts.effortMs(effort.milliseconds)}</dt>
          <dd>{texts.effortMsLabel}</dd>
        </div>
        <div>
          <dt>{texts.effortMacs(effort.macs)}</dt>
          <dd>{texts.effortMacsLabel(effort.macs / effort.dense_macs)}</dd>
        </div>
      </dl>
      <Budget />
      {all.length > 0 && <Layers all={all} rows={effort.rows} columns={effort.columns} />}
    </section>
  );
}

function Layers({ all, rows, columns }: { all: Layer[]; rows: number; columns: number }) {
  const layer = chosenLayer.value;
  const measured = all.every((each) => each.milliseconds !== null);
  const took = (each: Layer) => each.milliseconds ?? 0;
  const most = { macs: Math.max(...all.map((each) => each.macs)), took: Math.max(...all.map(took)) };
  return (
    <>
      <div class="layers" role="radiogroup" aria-label={texts.effortLayers} onKeyDown={steer}>
        <Choice value={null} label={texts.effortAll}>
          {texts.effortAll}
        </Choice>
        {(["attention", "ffn"] as const).map((part) => (
          <div key={part} class="part">
            <span aria-hidden="true">{texts.effortParts[part]}</span>
            {all
              .filter((each) => each.part === part)
              .map((each) => (
                <Choice key={each.block} value={each} label={texts.effortLayer(each)}>
                  <Picture layer={each} rows={rows} columns={columns} />
                  <i class="bar" style={{ width: `${(100 * each.macs) / most.macs}%` }} />
                  {measured && <i class="bar time" style={{ width: `${(100 * took(each)) / most.took}%` }} />}
                </Choice>
              ))}
          </div>
        ))}
      </div>
      <p aria-live="polite">{layer ? texts.effortLayer(layer) : texts.effortLayersNote(all)}</p>
      <label class="check" title={texts.effortOnPhotoTip}>
        <input type="checkbox" checked={onPhoto.value} onChange={(event) => (onPhoto.value = event.currentTarget.checked)} />
        {texts.effortOnPhoto}
      </label>
      <p>{texts.effortLegend(measured)}</p>
    </>
  );
}

interface ChoiceProps {
  value: { part: Part; block: number } | null;
  label: string;
  children: preact.ComponentChildren;
}

/** One of the looks at the network, taken by a click or by the arrow keys. */
function Choice({ value, label, children }: ChoiceProps) {
  const at = chosen.value;
  const on = value === null ? at === null : at?.part === value.part && at.block === value.block;
  return (
    <button
      type="button"
      role="radio"
      class={`layer${value ? "" : " all"}`}
      aria-checked={on}
      aria-label={label}
      title={label}
      tabIndex={on ? 0 : -1}
      onClick={() => (chosen.value = value && { part: value.part, block: value.block })}
    >
      {children}
    </button>
  );
}

/** Bright: full path. Dark: short path. Nothing: skipped. */
function Picture({ layer, rows, columns }: { layer: Layer; rows: number; columns: number }) {
  const path = useMemo(
    () => layer.patches.map((full, i) => (full ? `M${i % columns} ${Math.floor(i / columns)}h1v1h-1z` : "")).join(""),
    [layer.patches, columns],
  );
  return (
    <svg class={layer.ran ? "ran" : "skipped"} viewBox={`0 0 ${columns} ${rows}`} aria-hidden="true">
      {layer.ran && <path d={path} shape-rendering="crispEdges" />}
      {!layer.ran && <path class="line" d={`M0 ${rows}L${columns} 0`} />}
    </svg>
  );
}

/** Arrow keys go from layer to layer, up and down between attention and feed-forward. */
function steer(event: KeyboardEvent): void {
  const radios = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[role=radio]")];
  const at = radios.indexOf(document.activeElement as HTMLElement);
  const depth = (radios.length - 1) / 2;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -depth, ArrowDown: depth }[event.key];
  if (by === undefined || at < 0) return;
  event.preventDefault();
  event.stopPropagation();
  const to = at === 0 && by === depth ? 1 : at > 0 && at <= depth && by === -depth ? 0 : at + by;
  const next = radios[to];
  next?.focus();
  next?.click();
}
