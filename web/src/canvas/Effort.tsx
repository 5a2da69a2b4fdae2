// Where the network spent its effort: patches drawn over the photo, layers and numbers in a small panel.

import * as store from "../state/store";
import { texts } from "../texts";

const SHADE = 0.75; // how dark a patch is drawn that took the short path throughout

export function EffortMap() {
  const info = store.frame.value?.info;
  const photo = store.photo.value!.info;
  if (!info) return null;
  const { rows, columns, patches } = info.effort;
  const { x, y, scale } = store.view.value;
  const style = { transform: `translate(${x}px, ${y}px)`, width: `${photo.width * scale}px`, height: `${photo.height * scale}px` };
  return (
    <svg class="effort-map" style={style} viewBox={`0 0 ${columns} ${rows}`} preserveAspectRatio="none" aria-hidden="true">
      {patches.map((share, i) => (
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
      ))}
    </svg>
  );
}

export function EffortPanel() {
  const effort = store.frame.value?.info.effort;
  if (!effort) return null;
  const steps = effort.layers.flatMap((layer, i) => [
    { n: i + 1, part: "attention" as const, run: layer.attention, kept: layer.attention_kept },
    { n: i + 1, part: "ffn" as const, run: layer.ffn, kept: layer.ffn_kept },
  ]);
  return (
    <section class="effort panel" aria-label={texts.effortTitle}>
      <h2>{texts.effortTitle}</h2>
      <dl>
        <dt>{texts.effortMs(effort.milliseconds)}</dt>
        <dd>{texts.effortMsLabel}</dd>
        <dt>{texts.effortMacs(effort.macs)}</dt>
        <dd>{texts.effortMacsLabel(effort.macs / effort.dense_macs)}</dd>
      </dl>
      <div class="layers" role="img" aria-label={texts.effortLayers}>
        {steps.map((step) => (
          <span key={`${step.n}${step.part}`} class={step.run ? "run" : "skipped"} title={texts.effortLayer(step.n, step.part, step.run, step.kept)}>
            <i style={{ height: `${step.run ? 100 * step.kept : 0}%` }} />
          </span>
        ))}
      </div>
      <p>{texts.effortLayersNote(steps.filter((step) => !step.run).length, steps.length)}</p>
      <p>{texts.effortLegend}</p>
    </section>
  );
}
