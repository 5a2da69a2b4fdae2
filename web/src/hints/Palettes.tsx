// Saved palettes, folded away below the colors that are used most.

import { signal } from "@preact/signals";
import { PALETTE_SUFFIXES, type PaletteFormat } from "../color/palettes/palette";
import * as shelf from "../color/palettes/shelf";
import { pickFiles } from "../state/commands";
import { hand } from "../state/saving";
import { loadFlag, storeFlag } from "../state/settings";
import * as store from "../state/store";
import { texts } from "../texts";
import { PlusIcon } from "./icons";
import { Swatches } from "./Swatches";

const FORMATS: PaletteFormat[] = ["gpl", "ase"];
const unfolded = signal(loadFlag("palettesOpen", false));

function unfold(open: boolean): void {
  unfolded.value = open;
  storeFlag("palettesOpen", open);
}

const kept = (wasKept: boolean) => wasKept || store.tell(texts.palettesNotKept);

const removed = (text: string, putBack: () => boolean) => store.tell(text, "info", () => kept(putBack()));

export async function readPalettes(files: File[]): Promise<void> {
  try {
    kept(await shelf.importPalettes(files));
    unfold(true);
  } catch (error) {
    store.tell((error as Error).message, "error");
  }
}

const choosePalettes = () => pickFiles(PALETTE_SUFFIXES, true, (files) => void readPalettes(files));

export function Palettes({ color, onTake }: { color: string; onTake: (color: string) => void }) {
  const open = shelf.openPalette();
  return (
    <details class="palettes" open={unfolded.value} onToggle={(event) => unfold(event.currentTarget.open)}>
      <summary>{texts.palettes}</summary>
      <div class="row">
        {open ? (
          <select value={shelf.openIndex.value} title={texts.palette} aria-label={texts.palette} onChange={(event) => shelf.show(Number(event.currentTarget.value))}>
            {shelf.palettes.value.map(({ name }, i) => (
              <option key={i} value={i}>
                {name}
              </option>
            ))}
          </select>
        ) : (
          <span class="choice-note">{texts.noPalettes}</span>
        )}
        <button type="button" class="quiet" title={texts.paletteAdd(color)} aria-label={texts.paletteAdd(color)} onClick={() => kept(shelf.addColor(color, texts.firstPalette))}>
          <PlusIcon />
        </button>
      </div>
      {open && (
        <div class="swatches many" role="group" aria-label={open.name}>
          <Swatches
            choices={open.swatches.map((swatch) => ({ color: swatch.color, label: texts.useNamed(swatch.color, swatch.name) }))}
            onTake={onTake}
            onRemove={(i) => removed(texts.paletteColorRemoved(open.swatches[i]!.color, open.name), shelf.removeColor(i))}
          />
        </div>
      )}
      <div class="row links">
        <button type="button" title={texts.paletteImportTip} onClick={choosePalettes}>
          {texts.paletteImport}
        </button>
        {open &&
          FORMATS.map((format) => (
            <button type="button" key={format} title={texts.paletteExportTip(format)} onClick={() => hand(shelf.paletteFile(format))}>
              {texts.paletteExport(format)}
            </button>
          ))}
        {open && (
          <button type="button" title={texts.paletteRemoveTip(open.name)} onClick={() => removed(texts.paletteRemoved(open.name), shelf.removeOpen())}>
            {texts.paletteRemove}
          </button>
        )}
      </div>
    </details>
  );
}
