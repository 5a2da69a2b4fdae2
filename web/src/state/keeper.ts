// Autosave. Every change goes to the engine within DELAY; while that cannot be reached, the browser keeps the work until
// it can. Two windows on one photo never overwrite each other: the later one is told, and the person chooses.

import { effect, signal, untracked } from "@preact/signals";
import { engine } from "#engine";
import { EngineAway, PhotoGone, SessionConflict, type SessionState } from "../engine/engine";
import { bare, pack, unpack, type Kept } from "./steps";
import { findUnsent, forgetUnsent, keepUnsent, writer } from "./unsent";
import * as store from "./store";
import { texts } from "../texts";

const DELAY = 200; // ms
const RETRY = 1500; // ms

export type Keeping = { state: "kept" | "keeping" } | { state: "failed"; why: string } | { state: "conflict" };

export const keeping = signal<Keeping>({ state: "kept" });

/** How far the photo on the table is. */
export const status = (): SessionState["status"] =>
  store.done.value ? "done" : store.hints.value.length || store.canUndo.value || store.snapshots.value.length ? "started" : "new";

function written(revision: number): SessionState {
  const snapshots = store.snapshots.value.map(({ hints, ...rest }) => ({ ...rest, hints: hints.map(bare) }));
  return { version: 1, revision, writer, written: Date.now(), ...pack(store.timeline()), snapshots, status: status() };
}

function putOnTable(state: SessionState): void {
  const snapshots = state.snapshots.map(({ hints, adjustments, ...rest }) => ({
    ...rest,
    hints: hints.map(store.withKey),
    adjustments: store.adjusted(adjustments),
  }));
  store.begin(unpack(state as Kept, store.withKey), snapshots, state.status === "done");
}

class Keeper {
  private timer = 0;
  sending: Promise<void> | null = null; // the call under way
  private dirty = false; // the table has what was not sent yet
  private rest: SessionState | null = null; // the last of it, once another photo lies on the table
  private inConflict = false;

  constructor(
    private readonly id: string,
    private revision: number,
    readonly taken: SessionState | null, // unsent work of an earlier window that this one goes on with
  ) {}

  changed(): void {
    this.dirty = true;
    if (this.inConflict) return this.keepHere(written(this.revision));
    if (keeping.value.state === "kept") keeping.value = { state: "keeping" };
    this.flushSoon();
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.sending || !this.dirty || this.inConflict || this.isOver) return;
    this.sending = this.send().finally(() => (this.sending = null));
  }

  private flushSoon(): void {
    this.timer ||= window.setTimeout(() => this.flush(), DELAY);
  }

  private async send(): Promise<void> {
    this.dirty = false;
    try {
      this.revision = await engine.saveSession(this.id, this.newest());
      if (this.isOver) return;
      this.forget();
      this.report({ state: this.dirty ? "keeping" : "kept" });
      if (this.dirty) this.flushSoon();
      else if (keeper !== this) keepers.delete(this.id);
    } catch (error) {
      if (this.isOver) return;
      this.dirty = true;
      this.keepHere(this.newest()); // not what was sent: the table may have gone on since
      if (error instanceof SessionConflict && error.stored.writer === writer) {
        this.revision = error.stored.revision; // an earlier call had arrived: its answer was lost
        return this.flushSoon();
      }
      if (error instanceof SessionConflict) this.inConflict = true;
      else this.timer = window.setTimeout(() => void this.retry(error instanceof PhotoGone), RETRY);
      this.report(this.inConflict ? { state: "conflict" } : { state: "failed", why: (error as Error).message });
    }
  }

  private newest(): SessionState {
    return this.rest ? { ...this.rest, revision: this.revision } : written(this.revision);
  }

  private async retry(isGone: boolean): Promise<void> {
    const open = store.photo.peek();
    if (isGone && open?.info.id === this.id && open.file) {
      await engine.open(open.file).catch((error: Error) => this.report({ state: "failed", why: error.message }));
      this.revision = 0;
    }
    return this.flush();
  }

  /** Another photo comes on the table; what is unsent of this one still goes its way. */
  leave(): void {
    if (this.dirty || this.sending) this.rest = written(this.revision); // what is under way may have to be sent again
    else keepers.delete(this.id);
    this.flush();
  }

  /** What a next Keeper of this photo has to send. */
  get unsent(): SessionState | null {
    return this.dirty || this.sending ? this.rest : null;
  }

  /** The page may close at any moment: the engine gets a last call, and the browser a copy should that come too late. */
  hide(): void {
    if (!this.dirty && !this.sending) return;
    const state = written(this.revision + (this.sending ? 1 : 0)); // a call under way comes first
    this.keepHere(state);
    if (this.inConflict) return;
    engine.saveSession(this.id, state, true).then(
      (revision) => {
        [this.revision, this.dirty] = [revision, false];
        this.forget();
      },
      (error: Error) => this.report({ state: "failed", why: error.message }), // the copy is sent when the photo is next opened
    );
  }

  /** Ends a conflict: this window's work is written over the other's, or gives way to it. */
  async settle(mine: boolean): Promise<void> {
    const theirs = await engine.loadSession(this.id);
    if (keeper !== this) return; // another photo is on the table: the choice is asked for again when this one is
    this.revision = theirs?.revision ?? 0;
    this.inConflict = false;
    if (mine || !theirs) return this.flush();
    this.dirty = false;
    this.forget();
    putOnTable(theirs);
    this.report({ state: "kept" });
  }

  private keepHere(state: SessionState): void {
    homeless = !keepUnsent(this.id, state);
  }

  private forget(): void {
    forgetUnsent(this.id);
    if (this.taken) forgetUnsent(this.id, this.taken.writer);
    homeless = false;
  }

  /** The photo has another Keeper by now, which has this one's work. */
  private get isOver(): boolean {
    return keepers.get(this.id) !== this;
  }

  private report(now: Keeping): void {
    if (keeper === this) keeping.value = now;
  }
}

let keeper: Keeper | null = null; // that of the photo on the table
const keepers = new Map<string, Keeper>(); // by photo: this one, and those that have something left to send
let homeless = false; // neither engine nor browser took the work: closing the page would lose it

/** What the engine keeps of the work on a photo, with all that was on its way there. */
export async function load(id: string, signal: AbortSignal): Promise<SessionState | null> {
  await keepers.get(id)?.sending;
  return engine.loadSession(id, signal);
}

/**
 * Puts the work on a photo on the table, `kept` by the engine or unsent in the browser, and keeps it from now on.
 * False where there is none: the table is then as it was.
 */
export function recall(id: string, kept: SessionState | null): boolean {
  keeper?.leave();
  const earlier = keepers.get(id);
  const unsent = earlier?.unsent ?? findUnsent(id, kept);
  const work = unsent ?? kept;
  // Of the same window, or with nothing kept, unsent work simply goes on; otherwise its old revision leads to a conflict.
  const goesOn = !unsent || !kept || unsent.writer === kept.writer || unsent.revision > kept.revision;
  keeper = new Keeper(id, goesOn ? (kept?.revision ?? 0) : unsent.revision, earlier?.taken ?? unsent);
  keepers.set(id, keeper);
  keeping.value = { state: "kept" };
  if (work) putOnTable(work);
  if (unsent) keeper.changed();
  return work !== null;
}

export const settle = (mine: boolean) =>
  keeper?.settle(mine).catch((error: Error) => store.tell(error instanceof EngineAway ? texts.noServer : error.message, "error"));

effect(() => {
  if (store.changes.value) untracked(() => keeper?.changed());
});

addEventListener("pagehide", () => keeper?.hide());
document.addEventListener("visibilitychange", () => document.hidden && keeper?.flush());
addEventListener("beforeunload", (event) => {
  if (homeless && keeping.value.state !== "kept") event.preventDefault();
});
