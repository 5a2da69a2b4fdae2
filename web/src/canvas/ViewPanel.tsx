// How the photo is looked at: in color or gray, compared, enlarged; and how strong its colors are.

import { toggleFullScreen, toggleLoupe } from "./commands";
import { grayShown, loupeOn } from "./panes";
import { Panel } from "../panels/Panel";
import * as store from "../state/store";
import { texts } from "../texts";

export function ViewPanel() {
  const words = texts.view;
  return (
    <Panel title={words.title} class="view-panel">
      <Choice name="show" label={words.show} options={words.shows} value={grayShown.value ? "gray" : "color"} onChoose={(value) => (grayShown.value = value === "gray")} />
      <Choice name="compare" label={words.compare} options={words.compares} value={store.compare.value} onChoose={(value) => (store.compare.value = value)} />
      <Slider what="saturation" most={2} />
      <Slider what="strength" most={1} />
      <div class="row">
        <Toggle label={words.loupe} tip={words.loupeTip} on={loupeOn.value} onToggle={toggleLoupe} />
        <Toggle label={words.fullScreen} tip={words.fullScreenTip} on={store.fullScreen.value} onToggle={toggleFullScreen} />
      </div>
    </Panel>
  );
}

interface ChoiceProps<T extends string> {
  name: string;
  label: string;
  options: Record<T, string>;
  value: T;
  onChoose: (value: T) => void;
}

function Choice<T extends string>({ name, label, options, value, onChoose }: ChoiceProps<T>) {
  return (
    <div class="field">
      <span id={`view-${name}`}>{label}</span>
      <div class="choices" role="radiogroup" aria-labelledby={`view-${name}`}>
        {(Object.entries(options) as [T, string][]).map(([each, text]) => (
          <label key={each} class={each === value ? "chosen" : ""}>
            <input type="radio" name={`view-${name}`} value={each} checked={each === value} onChange={() => onChoose(each)} />
            {text}
          </label>
        ))}
      </div>
    </div>
  );
}

function Slider({ what, most }: { what: "saturation" | "strength"; most: number }) {
  const value = store.adjustments.value[what];
  const [label, tip] = texts.view.sliders[what];
  return (
    <div class="field">
      <div class="row">
        <label for={`view-${what}`}>{label}</label>
        <button
          type="button"
          class="reset"
          disabled={value === store.UNADJUSTED[what]}
          title={texts.view.resetTip(label)}
          aria-label={texts.view.resetTip(label)}
          onClick={() => store.adjust({ [what]: store.UNADJUSTED[what] })}
        >
          {texts.view.reset}
        </button>
        <output for={`view-${what}`}>{texts.percent(value)}</output>
      </div>
      <input
        id={`view-${what}`}
        type="range"
        title={tip}
        min={0}
        max={most}
        step={0.01}
        value={value}
        onInput={(event) => store.adjust({ [what]: Number(event.currentTarget.value) }, what)}
      />
    </div>
  );
}

function Toggle({ label, tip, on, onToggle }: { label: string; tip: string; on: boolean; onToggle: () => void }) {
  return (
    <button type="button" class="button" title={tip} aria-pressed={on} onClick={onToggle}>
      {label}
    </button>
  );
}
