// The live socket: at most one request in flight, and always the latest state. What came in between is never sent, and
// what is only foreseen not before all else is answered.

import type { components } from "./schema";
import type { Listener, LiveLink, LiveRequest } from "./engine";
import { Frame } from "./frame";

type WireRequest = components["schemas"]["LiveRequest"];
type ErrorReply = components["schemas"]["ErrorReply"];

const PHOTO_GONE = 4404; // the close code of a server that does not hold this photo (any more)
const RETRY_MS = 1000;

export class Live implements LiveLink {
  private socket: WebSocket | null = null;
  private asked: LiveRequest | null = null; // last, in earnest
  private latest: LiveRequest | null = null; // that too, until it is sent
  private foreseen: LiveRequest | null = null; // until it is sent
  private inFlight: LiveRequest | null = null;
  private isEarnest = false; // what is in flight
  private seq = 0;
  private closed = false;
  private retry = 0;

  constructor(
    private readonly address: string,
    private readonly listener: Listener,
  ) {
    this.connect();
  }

  send(request: LiveRequest): void {
    this.asked = request;
    this.foreseen = null; // the hand has gone on
    if (request === this.inFlight) [this.latest, this.isEarnest] = [null, true];
    else this.latest = request;
    this.listener.onBusy(true);
    this.pump();
  }

  foresee(request: LiveRequest): void {
    this.foreseen = request;
    this.pump();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.socket?.close();
  }

  private connect(): void {
    const socket = new WebSocket(this.address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.listener.onLink(true);
      this.pump();
    };
    socket.onmessage = ({ data }) => {
      const answered = this.inFlight!;
      this.inFlight = null;
      const { onError, onFrame, onForeseen } = this.listener;
      if (typeof data !== "string") (this.isEarnest ? onFrame : onForeseen)?.(Frame.read(data as ArrayBuffer), answered);
      else if (this.isEarnest) onError((JSON.parse(data) as ErrorReply).error);
      this.pump();
      this.listener.onBusy(this.inFlight !== null && this.isEarnest);
    };
    socket.onclose = ({ code }) => {
      if (this.closed) return;
      this.inFlight = null;
      this.latest = this.asked; // what was asked last is asked again
      if (code === PHOTO_GONE) return this.listener.onPhotoGone();
      this.listener.onLink(false);
      this.retry = window.setTimeout(() => this.connect(), RETRY_MS);
    };
    this.socket = socket;
  }

  private pump(): void {
    const next = this.latest ?? this.foreseen;
    if (this.inFlight || !next || this.socket?.readyState !== WebSocket.OPEN) return;
    [this.inFlight, this.isEarnest] = [next, next === this.latest];
    if (this.isEarnest) this.latest = null;
    else this.foreseen = null;
    const { hints, budget = null, effortLayers = false } = next;
    const request: WireRequest = { seq: ++this.seq, hints, budget, layers: effortLayers };
    this.socket.send(JSON.stringify(request));
  }
}
