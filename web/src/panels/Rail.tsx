// The controls, in one rail that collapses to its icons; on a phone it lies at the bottom.

import { clear } from "../hints/edit";
import { HideIcon, PlacesIcon, ReferenceIcon } from "../hints/icons";
import { places, togglePlaces } from "../hints/places";
import { referenceOpen, toggleReference } from "../hints/reference";
import { toggleHidden } from "../hints/select";
import { pickFile, toggleDivider, toggleEffort, togglePanel, zoomBy } from "../state/commands";
import * as icons from "../icons";
import * as store from "../state/store";
import { control, texts } from "../texts";
import "./rail.css";
import { FilmTools } from "./FilmTools";
import { DarkIcon, HistoryIcon, LightIcon, OneIcon, SystemIcon } from "./icons";
import { Kept } from "./Kept";
import { holding } from "./hold";
import { Group, Tool } from "./Tool";
import { theme, THEMES } from "../state/settings";
import { actualSize, fit } from "../canvas/view";

export function Rail() {
  const photo = store.photo.value;
  return (
    <nav class={`rail${store.railWide.value ? " wide" : ""}`} aria-label={texts.tools}>
      {photo && <h1 class="unseen">{photo.info.name}</h1>}
      <a class="brand" href="." title={texts.home} aria-label={`${texts.product}. ${texts.home}`}>
        <img src="icon.svg" alt="" width="24" height="24" />
        <span class="label">{texts.product}</span>
      </a>
      <Group>
        <Tool icon={icons.OpenIcon} label={texts.open} tip={texts.openTip} keys={`${control} O`} onClick={pickFile} />
        {photo && <Tool class="main" icon={icons.SaveIcon} label={texts.save} tip={texts.saveTip} keys={`${control} S`} aria-expanded={store.panel.value === "save"} onClick={() => togglePanel("save")} />}
      </Group>
      <FilmTools />
      {photo && <PhotoTools />}
      <Group class="last">
        {photo && <Tool icon={icons.EffortIcon} label={texts.effort} tip={texts.effortTip} keys="E" on={store.effortOn.value} onClick={toggleEffort} />}
        <div class="row pair small">
          <Tool icon={icons.HelpIcon} label={texts.shortcuts} keys="?" aria-expanded={store.panel.value === "shortcuts"} onClick={() => togglePanel("shortcuts")} />
          <ThemeTool />
          {store.railWide.value ? (
            <Tool class="wide-only" icon={icons.CollapseIcon} label={texts.collapse} onClick={() => store.setRailWide(false)} />
          ) : (
            <Tool class="wide-only" icon={icons.ExpandIcon} label={texts.expand} onClick={() => store.setRailWide(true)} />
          )}
        </div>
      </Group>
    </nav>
  );
}

function PhotoTools() {
  const { info } = store.photo.value!;
  const stage = store.stage.value;
  return (
    <>
      <Group>
        <div class="row pair">
          <Tool icon={icons.UndoIcon} label={texts.undo} keys={`${control} Z`} disabled={!store.canUndo.value} onClick={store.undo} />
          <Tool icon={icons.RedoIcon} label={texts.redo} keys={`${control} Y`} disabled={!store.canRedo.value} onClick={store.redo} />
        </div>
        <Tool icon={HistoryIcon} label={texts.desk.history} tip={texts.desk.historyTip} keys="U" aria-expanded={store.panel.value === "history"} onClick={() => togglePanel("history")} />
        <Tool icon={icons.ClearIcon} label={texts.clear} tip={texts.clearTip} disabled={!store.hints.value.length} onClick={clear} />
      </Group>
      <HintTools />
      <Group>
        <Tool
          icon={icons.GrayIcon}
          label={texts.gray}
          tip={texts.grayTip}
          keys="G"
          on={store.grayHeld.value}
          {...holding()}
        />
        <Tool icon={icons.SliderIcon} label={texts.slider} tip={texts.sliderTip} keys="B" on={store.compare.value === "slider"} onClick={toggleDivider} />
        <Tool icon={icons.ViewIcon} label={texts.view.label} tip={texts.view.tip} keys="V" aria-expanded={store.panel.value === "view"} onClick={() => togglePanel("view")} />
      </Group>
      <Group class="counter zoom">
        <div class="row">
          <Tool icon={icons.ZoomOutIcon} label={texts.zoomOut} keys="−" onClick={() => zoomBy(1 / 1.5)} />
          <output class="label">{texts.zoom(100 * store.view.value.scale * devicePixelRatio)}</output>
          <Tool icon={icons.ZoomInIcon} label={texts.zoomIn} keys="+" onClick={() => zoomBy(1.5)} />
        </div>
        <div class="row pair">
          <Tool icon={icons.FitIcon} label={texts.fit} tip={texts.fitTip} keys="F" onClick={() => (store.view.value = fit(info, stage))} />
          <Tool class="actual" icon={OneIcon} label={texts.actual} tip={texts.actualTip} keys="1" onClick={() => (store.view.value = actualSize(info, stage, store.view.value))} />
        </div>
      </Group>
      <div class="about label">
        <strong title={info.name}>{info.name}</strong>
        <span>{texts.size(info.width, info.height)}</span>
        <span>{texts.hints(store.hints.value.length)}</span>
        <Kept />
      </div>
    </>
  );
}

const THEME_ICONS = { system: SystemIcon, light: LightIcon, dark: DarkIcon };

function ThemeTool() {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
  return <Tool icon={THEME_ICONS[theme.value]} label={texts.desk.themes[theme.value]} tip={texts.desk.themeTip(next)} onClick={() => (theme.value = next)} />;
}

function HintTools() {
  return (
    <Group>
      <Tool icon={PlacesIcon} label={texts.suggestPlaces} tip={texts.suggestPlacesTip} keys="P" on={places.value.length > 0} onClick={() => void togglePlaces()} />
      <Tool icon={ReferenceIcon} label={texts.reference} tip={texts.referenceToolTip} keys="R" on={referenceOpen.value} onClick={toggleReference} />
      <Tool icon={HideIcon} label={texts.hideHints} tip={texts.hideHintsTip} keys="H" on={store.hintsHidden.value} onClick={toggleHidden} />
    </Group>
  );
}
