// Which frame is on the table: the live link's latest, or the one that is there already, of hints that are back again or
// were foreseen.

import { computed, effect } from "@preact/signals";
import { engine } from "#engine";
import type { LiveLink, LiveRequest } from "../engine/engine";
import type { Frame } from "../engine/frame";
import * as store from "./store";
import { texts } from "../texts";

const MOST_BYTES = 128 * 2 ** 20; // of all frames that are kept: some 160 steps

const keyOf = ({ hints, budget, effortLayers }: LiveRequest) => `${effortLayers ? "layers" : ""}${JSON.stringify([budget, hints])}`;

const requestFor = (hints: store.Hint[]): LiveRequest => ({ hints: store.told(hints), budget: store.budget.value, effortLayers: store.effortOn.value });

/** What the table asks for. */
const request = computed(() => requestFor(store.hints.value));

/** Frames of states of the history, so that undo needs no network. Those unused for longest go first. */
class FrameCache {
  private readonly frames = new Map<string, Frame>(); // in the order of their use
  private bytes = 0;

  get(key: string): Frame | undefined {
    const frame = this.frames.get(key) ?? this.frames.get(`layers${key}`);
    if (frame && this.frames.delete(key)) this.frames.set(key, frame);
    return frame;
  }

  put(key: string, frame: Frame): void {
    if (this.frames.has(key)) return;
    this.frames.set(key, frame);
    this.bytes += frame.planes.byteLength;
    for (const [oldest, { planes }] of this.frames) {
      if (this.bytes <= MOST_BYTES || oldest === key) break;
      this.frames.delete(oldest);
      this.bytes -= planes.byteLength;
    }
  }
}

let cache = new FrameCache();
let link: LiveLink | null = null;
let openId = "";
let wanted = "";
let passing: [string, Frame] | null = null; // the newest frame of a gesture, or foreseen: it may become a state of the history
let foreseen: LiveRequest | null = null; // the one that was asked for last, until its frame is there
let fromCache = false; // what is on the table was kept, so that answers still on their way are late

effect(() => {
  const now = request.value;
  if (link) show(link, now);
});

const isSettled = () => store.hints.peek() === store.present();

function show(to: LiveLink, now: LiveRequest): void {
  const key = keyOf(now);
  if (key === wanted && store.busy.peek()) return; // a press and its release want the same
  wanted = key;
  const known = passing?.[0] === wanted ? passing[1] : cache.get(wanted);
  fromCache = known !== undefined;
  if (!known) {
    if (!foreseen || keyOf(foreseen) !== wanted) foreseen = null; // another was asked for: it may never be answered
    return to.send(foreseen ?? now);
  }
  if (isSettled()) cache.put(wanted, known);
  [store.frame.value, store.busy.value] = [known, false];
}

/**
 * Has the frame of hints ready that a person is about to choose, as it seems: nothing is shown of it before they are on the
 * table. For moments in which nothing else is computed.
 */
export function foresee(hints: store.Hint[]): void {
  if (!link?.foresee || store.busy.peek() || !store.linkUp.peek() || document.hidden) return;
  const next = requestFor(hints);
  const key = keyOf(next);
  const isThere = key === wanted || key === passing?.[0] || cache.get(key);
  if (isThere || (foreseen && key === keyOf(foreseen))) return;
  foreseen = next;
  link.foresee(next);
}

/** Begins a photo's stream of frames. `onGone` hears that the engine does not hold the photo any more. */
export function follow(id: string, onGone: () => void): void {
  leave();
  if (id !== openId) [cache, passing, openId] = [new FrameCache(), null, id];
  [foreseen, store.foreseen.value] = [null, null];
  const keep = (frame: Frame, answered: LiveRequest) => {
    const key = keyOf(answered);
    if (key !== wanted || !isSettled()) passing = [key, frame];
    else cache.put(key, frame);
    if (answered === foreseen) foreseen = null;
  };
  const opened = engine.live(id, {
    onFrame: (frame, answered) => {
      keep(frame, answered);
      if (!fromCache) store.frame.value = frame;
    },
    onForeseen: (frame, answered) => {
      keep(frame, answered);
      if (!store.busy.peek()) store.foreseen.value = frame; // else it was not what was wanted
    },
    onError: (sentence) => store.tell(sentence, "error"),
    onBusy: (busy) => (store.busy.value = busy && !fromCache),
    onPreparing: (preparing) => {
      if (preparing) store.tell(texts.preparing, "busy");
      else if (store.notice.peek()?.text === texts.preparing) store.notice.value = null;
    },
    onLink: (up) => (store.linkUp.value = up),
    onPhotoGone: onGone,
  });
  link = opened;
  show(opened, request.peek());
}

/** Ends it: the hints on the table are about to be those of another photo. */
export function leave(): void {
  link?.close();
  [link, wanted] = [null, ""];
}

/** The frame of other work on the open photo, such as a snapshot's. */
export function frameOf({ hints, adjustments }: store.Work): Promise<Frame> {
  const asked: LiveRequest = { hints: store.told(hints), budget: adjustments.budget };
  const key = keyOf(asked);
  const frames = cache; // of this photo, whatever is open when the answer comes
  const known = frames.get(key);
  if (known) return Promise.resolve(known);
  return new Promise((resolve, reject) => {
    const once = engine.live(openId, {
      onFrame: (frame) => {
        frames.put(key, frame);
        once.close();
        resolve(frame);
      },
      onError: (sentence) => {
        once.close();
        reject(new Error(sentence));
      },
      onBusy: () => {},
      onLink: () => {},
      onPhotoGone: () => once.close(), // the photo's own link tells it
    });
    once.send(asked);
  });
}
