// How much of the network photos may take, where it was made for any budget.

import * as store from "../state/store";
import { texts } from "../texts";

const STEP = 0.01;
const ID = "effort-budget";

export function Budget() {
  const { least_budget: least, usual_budget: usual } = store.frame.value?.info.effort ?? {};
  if (least == null || usual == null) return null;
  const words = texts.budget;
  const wanted = store.budget.value;
  const share = Math.max(least, wanted ?? usual); // what is kept may be less than this network knows
  return (
    <div class="budget">
      <div class="row">
        <label for={ID}>{words.label}</label>
        <output for={ID}>{words.share(share)}</output>
      </div>
      <input
        id={ID}
        type="range"
        title={words.tip}
        aria-valuetext={words.share(share)}
        min={least}
        max={1}
        step={STEP}
        value={share}
        onInput={({ currentTarget: { valueAsNumber: to } }) => store.adjust({ budget: Math.abs(to - usual) < STEP / 2 ? null : to }, "budget")}
      />
      <button
        type="button"
        class="usual"
        style={{ "--at": (usual - least) / (1 - least) }}
        aria-pressed={wanted === null}
        title={words.usualTip(usual)}
        onClick={() => wanted !== null && store.adjust({ budget: null })}
      >
        {words.usual}
      </button>
    </div>
  );
}
