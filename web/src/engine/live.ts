// The live socket: at most one request in earnest in flight, and always the latest state. What came in between is never sent.
// What is only foreseen is not sent before all else is answered, and waited for by nobody.

import type { components } from "./schema";
import type { Listener, LiveLink, LiveRequest } from "./engine";
import { Frame } from "./frame";

type WireRequest = components["schemas"]["LiveRequest"];
type LiveError = components["schemas"]["LiveError"];

const PHOTO_GONE = 4404; // the close code of a server that does not hold this photo (any more)
const RETRY_MS = 1000;

interface Flight {
  seq: number;
  request: LiveRequest;
  isEarnest: boolean;
}

export class Live implements LiveLink {
  private socket: WebSocket | null = null;
  private asked: LiveRequest | null = null; // last, in earnest
  private latest: LiveRequest | null = null; // that too, until it is sent
  private foreseen: LiveRequest | null = null; // until it is sent
  private flights: Flight[] = []; // in the order in which they were sent
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
    const last = this.flights.at(-1); // one before it may never be answered
    if (last?.request === request) [this.latest, last.isEarnest] = [null, true];
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
      const reply = typeof data === "string" ? (JSON.parse(data) as LiveError) : Frame.read(data as ArrayBuffer);
      const seq = reply instanceof Frame ? reply.info.seq : reply.seq;
      const answered = this.flights.find((flight) => flight.seq === seq) ?? this.flights[0]!;
      this.flights = this.flights.filter((flight) => flight.seq > answered.seq); // what was overtaken is never answered
      this.pump(); // the network runs while this frame is drawn
      const { onError, onFrame, onForeseen } = this.listener;
      if (reply instanceof Frame) (answered.isEarnest ? onFrame : onForeseen)?.(reply, answered.request);
      else if (answered.isEarnest) onError(reply.error);
      this.listener.onBusy(this.isAwaited);
    };
    socket.onclose = ({ code }) => {
      if (this.closed) return;
      this.flights = [];
      this.latest = this.asked; // what was asked last is asked again
      if (code === PHOTO_GONE) return this.listener.onPhotoGone();
      this.listener.onLink(false);
      this.retry = window.setTimeout(() => this.connect(), RETRY_MS);
    };
    this.socket = socket;
  }

  private get isAwaited(): boolean {
    return this.flights.some((flight) => flight.isEarnest);
  }

  /** A press does not wait for the end of what was foreseen and is of no use: the server drops it. */
  private pump(): void {
    const request = this.latest ?? (this.flights.length ? null : this.foreseen);
    if (this.isAwaited || !request || this.socket?.readyState !== WebSocket.OPEN) return;
    const flight: Flight = { seq: ++this.seq, request, isEarnest: request === this.latest };
    this.flights.push(flight);
    if (flight.isEarnest) this.latest = null;
    else this.foreseen = null;
    const { hints, budget = null, effortLayers = false } = request;
    const message: WireRequest = { seq: flight.seq, hints, budget, layers: effortLayers, foreseen: !flight.isEarnest };
    this.socket.send(JSON.stringify(message));
  }
}
