// The front end's only door to computation and storage. Two editions stand behind it: server.ts talks to `adacolvit app`,
// local/ runs the network in the browser itself. Code imports `engine` from "#engine"; the build decides which it is.
// Every failure is an Error whose message is fit to be shown.

import type { components } from "./schema";
import type { Frame } from "./frame";
import { texts } from "../texts";

type Schemas = components["schemas"];
export type PhotoInfo = Schemas["PhotoInfo"];
export type Sample = Schemas["Sample"];
export type PlacesRequest = Schemas["PlacesRequest"];
export type Place = Schemas["Place"];
export type ColorsRequest = Schemas["ColorsRequest"];
export type Suggestion = Schemas["Suggestion"];
export type RenderRequest = Schemas["RenderRequest"];
export type PictureFormat = RenderRequest["format"];
export type SessionInfo = Schemas["SessionInfo"];
export type Folder = Schemas["FolderInfo"];
export type FolderEntry = Schemas["FolderPhoto"];
export type ExportItem = Schemas["ExportItem"];
export type ExportLook = Omit<Schemas["ExportRequest"], "items">;
export type ExportProgress = Schemas["ExportInfo"];
/** A hint as files, sockets and engines know it: photo pixels, sRGB. */
export type WireHint = Schemas["HintMessage"];
/** A hint with what only the table knows of it: it is locked; its color is still the network's own, and not sent. */
export type KeptHint = Schemas["SessionHint"];

export interface Download {
  name: string;
  data: Blob;
}

export interface LiveRequest {
  hints: WireHint[];
  /** Share of the dense network's cost that photos may take in the mean; null: the network's own. */
  budget?: number | null;
  /** Whether the frame shall tell of each layer which patches it computed, for the effort view. */
  effortLayers?: boolean;
}

/** A photo's stream of frames: the latest request is answered, what came in between is dropped. */
export interface LiveLink {
  send(request: LiveRequest): void;
  /**
   * Asks for a frame that is likely to be wanted next, as soon as nothing else is asked for. Its failure is not told: `send` of
   * the same object asks for it in earnest, and once only. Left out where the network would keep the page's own processor busy.
   */
  foresee?(request: LiveRequest): void;
  close(): void;
}

export interface Listener {
  onFrame(frame: Frame, answered: LiveRequest): void;
  /** A frame that was foreseen and that nobody has asked for in earnest yet. */
  onForeseen?(frame: Frame, answered: LiveRequest): void;
  onError(sentence: string): void;
  /** Whether an answer to the latest state is still to come. */
  onBusy(busy: boolean): void;
  /** Whether the engine is still being made ready, as in a browser that is fetching the network: clicks wait for it. */
  onPreparing?(preparing: boolean): void;
  /** The connection went up or down. */
  onLink(up: boolean): void;
  /** The engine does not hold this photo (any more). */
  onPhotoGone(): void;
}

/** The engine cannot be reached now; the same call may work later. */
export class EngineAway extends Error {}

/** The engine does not hold the photo (any more): open it again. */
export class PhotoGone extends Error {
  override readonly name = "PhotoGone"; // by which it is known when a worker has thrown it
}

/** The session was saved since it was loaded here: `stored` is what is kept of it now. */
export class SessionConflict extends Error {
  constructor(
    sentence: string,
    readonly stored: SessionState,
  ) {
    super(sentence);
  }
}

/** What is left out is as it comes from the network. */
export type KeptAdjustments = Pick<Schemas["Adjustments"], "saturation" | "strength" | "budget">;

/** All that is kept of one photo. The steps are the history's own business. */
export interface SessionState {
  version: 1;
  /** Counts the writes: each names the revision that it is made from (0: none was there), and is refused if there is a newer one. */
  revision: number;
  past: unknown[];
  future: unknown[];
  present: KeptHint[];
  snapshots: { name: string; hints: KeptHint[]; time: number; adjustments?: KeptAdjustments }[];
  adjustments: KeptAdjustments;
  status: SessionInfo["status"];
  /** Which window wrote it, and when, milliseconds since 1970. */
  writer: string;
  written: number;
}

/** What only an engine with a file system behind it can do: many photos, exported in the background. */
export interface FolderFeatures {
  /** The folder that the app was opened on; null where it was opened on none. */
  read(): Promise<Folder | null>;
  startExport(items: ExportItem[], look: ExportLook): Promise<string>;
  progress(exportId: string): Promise<ExportProgress>;
  cancel(exportId: string): Promise<void>;
  zipAddress(exportId: string): string;
}

/** A rectangle of a photo, in its pixels, and by how much it is scaled down. */
export interface Part {
  x: number;
  y: number;
  width: number;
  height: number;
  shrink: number;
}

export interface Engine {
  samples(): Promise<Sample[]>;
  open(file: File): Promise<PhotoInfo>;
  /** Of a photo that was opened before; fails where it is not kept any more. */
  info(id: string, signal?: AbortSignal): Promise<PhotoInfo>;
  /** 8-bit gray picture of the whole photo, at most `mostTexels` on its longer side. */
  gray(id: string, mostTexels: number, signal?: AbortSignal): Promise<ImageBitmap>;
  /**
   * A rectangle of the photo's gray (photo pixels) for looking closely: a byte per texel in reading order, each the mean
   * of `shrink` x `shrink` pixels, ceil(width / shrink) in a row.
   */
  grayPart(id: string, part: Part, signal: AbortSignal): Promise<Uint8Array>;
  live(id: string, listener: Listener): LiveLink;
  /** Where a hint would change most, the most useful place first. */
  suggestPlaces(id: string, request: PlacesRequest): Promise<Place[]>;
  suggestColors(id: string, request: ColorsRequest): Promise<Suggestion[]>;
  render(id: string, request: RenderRequest): Promise<Download>;
  writeHints(id: string, hints: WireHint[]): Promise<Download>;
  readHints(id: string, file: File): Promise<WireHint[]>;
  loadSession(id: string, signal?: AbortSignal): Promise<SessionState | null>;
  /**
   * Keeps a session and gives its new revision. Throws SessionConflict where `state.revision` is not the one kept, EngineAway
   * where the engine does not answer, PhotoGone where it has forgotten the photo. With `last` the page is about to close: the call is finished without it.
   */
  saveSession(id: string, state: SessionState, last?: boolean): Promise<number>;
  /** Photos with kept work, the one saved last first. */
  sessions(): Promise<SessionInfo[]>;
  /** Forgets a photo and all work on it. */
  forget(id: string): Promise<void>;
  /** Null where the edition has none. */
  readonly folder: FolderFeatures | null;
  /** Address of a small picture of a photo, at most `mostTexels` on its longer side; null where there is none. */
  thumbnail(id: string, mostTexels: number): string | null;
  /** Formats it can save. */
  readonly formats: readonly PictureFormat[];
  /** Whether a saved picture keeps the photo's own metadata and color profile. */
  readonly keepsMetadata: boolean;
}

export async function sampleFile(sample: Sample): Promise<File> {
  const reply = await fetch(sample.url).catch(() => {
    throw new EngineAway(texts.sampleAway);
  });
  if (!reply.ok) throw new Error(`${sample.name}: ${reply.statusText}`);
  return new File([await reply.blob()], `${sample.name}.jpg`);
}
