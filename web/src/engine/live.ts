// The live socket: at most one request in earnest in flight, and always the latest state. What came in between is never sent.
// What is only foreseen is not sent before all else is answered, and waited for by nobody.

import type { components } from "./schema";
import type { Listener, LiveLink, LiveRequest } from "./engine";
import { Frame, unpack } from "./frame";
import { Guide, STEPS } from "./guide";
import { loops } from "./loops";
import { texts } from "../texts";

type WireRequest = components["schemas"]["LiveRequest"];
type LiveError = components["schemas"]["LiveError"];

const PHOTO_GONE = 4404; // the close code of a server that does not hold this photo (any more)
const RETRY_MS = 1000;

loops().catch(() => {}); // at once, so that they are there when a photo is; whoever needs them hears why they are not

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
  private guide: Guide | null = null; // of the photo as this connection's server has it
  private closed = false;
  private isRefused = false;
  private retry = 0;

  constructor(
    private readonly address: string,
    private readonly listener: Listener,
    /** Why the server takes nobody in, null where it does. Fails where it does not answer. */
    private readonly refusal: () => Promise<string | null>,
  ) {
    void this.start();
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

  private async start(): Promise<void> {
    try {
      const module = await loops();
      if (!this.closed) this.connect(module);
    } catch (error) {
      if (this.closed) return;
      if (error instanceof WebAssembly.CompileError) return this.listener.onError(texts.noVectors);
      this.startLater();
    }
  }

  private connect(module: WebAssembly.Module): void {
    const socket = new WebSocket(this.address);
    socket.binaryType = "arraybuffer";
    let wasOpen = false;
    socket.onopen = () => {
      wasOpen = true;
      this.isRefused = false;
      this.listener.onLink(true);
      this.pump();
    };
    socket.onmessage = ({ data }) => {
      const reply = typeof data === "string" ? (JSON.parse(data) as LiveError) : this.read(data as ArrayBuffer, module);
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
      [this.flights, this.guide] = [[], null];
      this.latest = this.asked; // what was asked last is asked again
      if (code === PHOTO_GONE) return this.listener.onPhotoGone();
      if (wasOpen) this.startLater();
      else void this.refused();
    };
    this.socket = socket;
  }

  /** The socket did not open: the server is away, or takes this page in no more, as after a start with another token. */
  private async refused(): Promise<void> {
    const why = await this.refusal().catch(() => null);
    if (this.closed) return;
    if (why === null) return this.startLater();
    if (!this.isRefused) {
      this.listener.onLink(true);
      this.listener.onError(why);
    }
    this.isRefused = true;
    this.retry = window.setTimeout(() => void this.start(), RETRY_MS);
  }

  /** When the server may be there again. */
  private startLater(): void {
    this.listener.onLink(false);
    this.retry = window.setTimeout(() => void this.start(), RETRY_MS);
  }

  private read(message: ArrayBuffer, module: WebAssembly.Module): Frame {
    const { info, lightness, ab } = unpack(message);
    if (lightness) this.guide = new Guide(module, Float32Array.from(lightness, (v) => v / STEPS), info.height, info.width);
    return new Frame(info, this.guide!.planes(ab));
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
    const [foreseen, lightness] = [!flight.isEarnest, !this.guide];
    const message: WireRequest = { seq: flight.seq, hints, budget, layers: effortLayers, foreseen, lightness };
    this.socket.send(JSON.stringify(message));
  }
}
