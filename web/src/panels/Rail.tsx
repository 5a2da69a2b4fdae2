// The controls, in one rail that collapses to its icons; on a phone it lies at the bottom.

import type { ComponentChildren, JSX } from "preact";
import * as actions from "../state/actions";
import { pickFile, toggleDivider, toggleEffort, togglePanel, zoomBy } from "../state/commands";
import * as icons from "../icons";
import * as store from "../state/store";
import { control, texts } from "../texts";
import { actualSize, fit } from "../canvas/view";

interface ToolProps extends Omit<JSX.IntrinsicElements["button"], "icon"> {
  icon: () => JSX.Element;
  label: string;
  tip?: string;
  keys?: string;
  on?: boolean;
}

function Tool({ icon: Icon, label, tip = label, keys, on, class: extra, ...rest }: ToolProps) {
  return (
    <button type="button" class={`tool ${extra ?? ""}`} title={keys ? `${tip} (${keys})` : tip} aria-label={label} aria-pressed={on} {...rest}>
      <Icon />
      <span class="label">{label}</span>
      {keys && <kbd class="label">{keys}</kbd>}
    </button>
  );
}

const Group = ({ children, class: extra }: { children: ComponentChildren; class?: string }) => <div class={`group ${extra ?? ""}`}>{children}</div>;

export function Rail() {
  const photo = store.photo.value;
  return (
    <nav class={`rail${store.railWide.value ? " wide" : ""}`} aria-label={texts.tools}>
      <div class="brand">
        <img src="/icon.svg" alt="" width="24" height="24" />
        <span class="label">{texts.product}</span>
      </div>
      <Group>
        <Tool icon={icons.OpenIcon} label={texts.open} tip={texts.openTip} keys={`${control} O`} onClick={pickFile} />
        {photo && <Tool class="main" icon={icons.SaveIcon} label={texts.save} tip={texts.saveTip} keys={`${control} S`} aria-expanded={store.panel.value === "save"} onClick={() => togglePanel("save")} />}
      </Group>
      {photo && <PhotoTools />}
      <Group class="last">
        {photo && <Tool class="roomy" icon={icons.EffortIcon} label={texts.effort} tip={texts.effortTip} keys="E" on={store.effortOn.value} onClick={toggleEffort} />}
        <Tool class="roomy" icon={icons.HelpIcon} label={texts.shortcuts} keys="?" aria-expanded={store.panel.value === "shortcuts"} onClick={() => togglePanel("shortcuts")} />
        {store.railWide.value ? (
          <Tool class="roomy" icon={icons.CollapseIcon} label={texts.collapse} onClick={() => store.setRailWide(false)} />
        ) : (
          <Tool class="roomy" icon={icons.ExpandIcon} label={texts.expand} onClick={() => store.setRailWide(true)} />
        )}
      </Group>
    </nav>
  );
}

function PhotoTools() {
  const { info } = store.photo.value!;
  const stage = store.stage.value;
  const hold = (held: boolean) => () => (store.grayHeld.value = held);
  const isKey = (event: KeyboardEvent) => event.key === " " || event.key === "Enter";
  return (
    <>
      <Group>
        <Tool icon={icons.UndoIcon} label={texts.undo} keys={`${control} Z`} disabled={!store.canUndo.value} onClick={store.undo} />
        <Tool icon={icons.RedoIcon} label={texts.redo} keys={`${control} Y`} disabled={!store.canRedo.value} onClick={store.redo} />
        <Tool class="roomy" icon={icons.ClearIcon} label={texts.clear} tip={texts.clearTip} disabled={!store.hints.value.length} onClick={actions.clear} />
      </Group>
      <Group>
        <Tool
          icon={icons.GrayIcon}
          label={texts.gray}
          tip={texts.grayTip}
          keys="G"
          on={store.grayHeld.value}
          onPointerDown={hold(true)}
          onPointerUp={hold(false)}
          onPointerLeave={hold(false)}
          onPointerCancel={hold(false)}
          onContextMenu={(e) => e.preventDefault()}
          onKeyDown={(e) => isKey(e) && hold(true)()}
          onKeyUp={(e) => isKey(e) && hold(false)()}
        />
        <Tool icon={icons.SliderIcon} label={texts.slider} tip={texts.sliderTip} keys="B" on={store.compare.value === "slider"} onClick={toggleDivider} />
      </Group>
      <Group class="zoom roomy">
        <div class="row">
          <Tool icon={icons.ZoomOutIcon} label={texts.zoomOut} keys="−" onClick={() => zoomBy(1 / 1.5)} />
          <output class="label">{texts.zoom(100 * store.view.value.scale * devicePixelRatio)}</output>
          <Tool icon={icons.ZoomInIcon} label={texts.zoomIn} keys="+" onClick={() => zoomBy(1.5)} />
        </div>
        <Tool icon={icons.FitIcon} label={texts.fit} tip={texts.fitTip} keys="F" onClick={() => (store.view.value = fit(info, stage))} />
        <Tool class="actual" icon={OneIcon} label={texts.actual} tip={texts.actualTip} keys="1" onClick={() => (store.view.value = actualSize(info, stage, store.view.value))} />
      </Group>
      <div class="about label">
        <strong title={info.name}>{info.name}</strong>
        <span>{texts.size(info.width, info.height)}</span>
        <span>{texts.hints(store.hints.value.length)}</span>
      </div>
    </>
  );
}

const OneIcon = () => (
  <span class="icon one" aria-hidden="true">
    1:1
  </span>
);
