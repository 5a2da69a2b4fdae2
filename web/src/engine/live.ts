// The live socket: at most one request in flight, and always the latest state. What came in between is never sent.

import type { components } from "./schema";
import type { Listener, LiveLink, LiveRequest } from "./engine";
import { Frame } from "./frame";

type WireRequest = components["schemas"]["LiveRequest"];
type ErrorReply = components["schemas"]["ErrorReply"];

const PHOTO_GONE = 4404; // the close code of a server that does not hold this photo (any more)
const RETRY_MS = 1000;

export class Live implements LiveLink {
  private socket: WebSocket | null = null;
  private latest: LiveRequest | null = null;
  private sent: LiveRequest | null = null;
  private inFlight = false;
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
    this.latest = request;
    this.listener.onBusy(true);
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
      this.inFlight = false;
      if (typeof data === "string") this.listener.onError((JSON.parse(data) as ErrorReply).error);
      else this.listener.onFrame(Frame.read(data as ArrayBuffer), this.sent!);
      this.pump();
      this.listener.onBusy(this.inFlight);
    };
    socket.onclose = ({ code }) => {
      if (this.closed) return;
      this.inFlight = false;
      this.latest ??= this.sent; // what was asked last is asked again
      if (code === PHOTO_GONE) return this.listener.onPhotoGone();
      this.listener.onLink(false);
      this.retry = window.setTimeout(() => this.connect(), RETRY_MS);
    };
    this.socket = socket;
  }

  private pump(): void {
    if (this.inFlight || !this.latest || this.socket?.readyState !== WebSocket.OPEN) return;
    const { hints, budget = null, effortLayers = false } = this.latest;
    const request: WireRequest = { seq: ++this.seq, hints, budget, layers: effortLayers };
    [this.sent, this.latest, this.inFlight] = [this.latest, null, true];
    this.socket.send(JSON.stringify(request));
  }
}
