// The way back: undo and redo, and named snapshots to return to or to compare with.

import { useState } from "preact/hooks";
import { holding } from "./hold";
import { Panel } from "./Panel";
import { ClearIcon, RedoIcon, UndoIcon } from "../icons";
import { compareWith, see, stopComparing } from "../state/comparing";
import * as store from "../state/store";
import { texts } from "../texts";

const words = texts.desk;

export function HistoryPanel() {
  const [name, setName] = useState("");
  const { past, future } = store.timeline();
  const take = () => {
    store.takeSnapshot(name.trim() || words.snapshotName(store.snapshots.value.length + 1));
    setName("");
  };
  void store.changes.value; // the timeline is no signal of its own
  return (
    <Panel title={words.historyTitle} class="desk-panel history">
      <div class="row">
        <button type="button" class="button" title={texts.undo} disabled={!store.canUndo.value} onClick={store.undo}>
          <UndoIcon />
          {texts.undo}
        </button>
        <button type="button" class="button" title={texts.redo} disabled={!store.canRedo.value} onClick={store.redo}>
          <RedoIcon />
          {texts.redo}
        </button>
        <span class="soft">{words.steps(past.length, future.length)}</span>
      </div>
      <h3>{words.snapshots}</h3>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          take();
        }}
      >
        <input class="text" value={name} maxLength={60} placeholder={words.snapshotName(store.snapshots.value.length + 1)} aria-label={words.snapshotField} title={words.snapshotField} onInput={(event) => setName(event.currentTarget.value)} />
        <button type="submit" class="button" title={words.takeTip}>
          {words.take}
        </button>
      </form>
      {store.snapshots.value.length === 0 && <p>{words.noSnapshots}</p>}
      <ul class="snapshots">
        {store.snapshots.value.map((snapshot) => (
          <Row key={snapshot.time} snapshot={snapshot} />
        ))}
      </ul>
    </Panel>
  );
}

function Row({ snapshot }: { snapshot: store.Snapshot }) {
  const compared = store.before.value?.snapshot === snapshot;
  const remove = () => {
    if (compared) stopComparing();
    store.forgetSnapshot(snapshot);
  };
  return (
    <li>
      <div class="row">
        <strong title={snapshot.name}>{snapshot.name}</strong>
        <span class="soft">{texts.hints(snapshot.hints.length)}</span>
        <button type="button" class="quiet" title={words.forgetSnapshot(snapshot.name)} aria-label={words.forgetSnapshot(snapshot.name)} onClick={remove}>
          <ClearIcon />
        </button>
      </div>
      <div class="row">
        <button type="button" class="button small" title={words.returnTip} aria-label={words.returnTo(snapshot.name)} onClick={() => store.returnTo(snapshot)}>
          {words.return}
        </button>
        <button
          type="button"
          class="button small"
          title={words.flipTip}
          aria-label={words.flip(snapshot.name)}
          {...holding(() => void see(snapshot))}
        >
          {words.hold}
        </button>
        <button
          type="button"
          class="button small"
          title={words.besideTip}
          aria-label={words.beside(snapshot.name)}
          aria-pressed={compared && store.compare.value === "split"}
          onClick={() => (compared && store.compare.value === "split" ? stopComparing() : void compareWith(snapshot, "split"))}
        >
          {words.sideBySide}
        </button>
      </div>
    </li>
  );
}
