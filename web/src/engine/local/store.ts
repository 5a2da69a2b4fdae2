// What the browser keeps: opened photos and the work on them, so that closing the page loses nothing.

import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import { SessionConflict, type PhotoInfo, type SessionInfo, type SessionState } from "../engine";
import { texts } from "../../texts";

interface StoredPhoto {
  info: PhotoInfo;
  file: Blob;
  /** A small gray picture. */
  thumbnail: Blob;
  opened: number;
}

interface Schema extends DBSchema {
  photos: { key: string; value: StoredPhoto };
  sessions: { key: string; value: { state: SessionState; saved: number } };
}

const MOST_UNTOUCHED = 10; // photos kept that nobody worked on

type Database = IDBPDatabase<Schema>;

/** Null where the browser has its storage switched off. */
const open = async (): Promise<Database | null> => {
  try {
    return await openDB<Schema>("adacolvit", 1, {
      upgrade(db) {
        db.createObjectStore("photos");
        db.createObjectStore("sessions");
      },
      terminated: () => (database = open()),
    });
  } catch {
    return null;
  }
};
let database = open();

/** Does something with the database; undefined where there is none. One that the browser has closed meanwhile is opened anew, once. */
async function withKept<T>(work: (db: Database) => Promise<T>): Promise<T | undefined> {
  const db = (await database) ?? (await (database = open()));
  if (!db) return undefined;
  try {
    return await work(db);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "InvalidStateError")) throw error;
    database = open();
    const again = await database;
    return again ? work(again) : undefined;
  }
}

/** False where the browser keeps nothing of this size (storage full, or switched off). */
export async function keepPhoto(info: PhotoInfo, file: Blob, thumbnail: Blob): Promise<boolean> {
  try {
    return (await withKept((db) => putPhoto(db, { info, file, thumbnail, opened: Date.now() }))) ?? false;
  } catch (error) {
    console.warn("The photo is not kept:", error); // saving the work on it will tell the person
    return false;
  }
}

async function putPhoto(db: Database, photo: StoredPhoto): Promise<boolean> {
  const transaction = db.transaction(["photos", "sessions"], "readwrite");
  const [photos, sessions] = [transaction.objectStore("photos"), transaction.objectStore("sessions")];
  await photos.put(photo, photo.info.id);
  const worked = new Set(await sessions.getAllKeys());
  const untouched = (await photos.getAll()).filter((photo) => !worked.has(photo.info.id)).sort((p, q) => q.opened - p.opened);
  for (const photo of untouched.slice(MOST_UNTOUCHED)) await photos.delete(photo.info.id);
  await transaction.done;
  return true;
}

export const keptPhoto = async (id: string): Promise<StoredPhoto | null> => (await withKept((db) => db.get("photos", id))) ?? null;

export const loadSession = async (id: string): Promise<SessionState | null> => (await withKept((db) => db.get("sessions", id)))?.state ?? null;

export async function saveSession(id: string, state: SessionState): Promise<number> {
  const revision = await withKept((db) => putSession(db, id, state));
  if (!revision) throw new Error(texts.notKept);
  return revision;
}

async function putSession(db: Database, id: string, state: SessionState): Promise<number> {
  const transaction = db.transaction(["photos", "sessions"], "readwrite");
  const sessions = transaction.objectStore("sessions");
  const [photo, before] = [await transaction.objectStore("photos").getKey(id), await sessions.get(id)];
  if (!photo) throw new Error(texts.notKept);
  if (before && before.state.revision !== state.revision) throw new SessionConflict(texts.savedElsewhere, before.state);
  const revision = (before?.state.revision ?? 0) + 1;
  await sessions.put({ state: { ...state, revision }, saved: Date.now() }, id);
  await transaction.done;
  return revision;
}

export const sessions = async (): Promise<SessionInfo[]> => (await withKept(readSessions)) ?? [];

async function readSessions(db: Database): Promise<SessionInfo[]> {
  const transaction = db.transaction(["photos", "sessions"]);
  const ids = await transaction.objectStore("sessions").getAllKeys();
  const found = await Promise.all(
    ids.map(async (id) => {
      const session = await transaction.objectStore("sessions").get(id);
      const photo = await transaction.objectStore("photos").get(id);
      if (!session || !photo) return [];
      const { name, width, height } = photo.info;
      if (!thumbnails.has(id)) thumbnails.set(id, URL.createObjectURL(photo.thumbnail));
      return [{ id, name, width, height, hints: session.state.present.length, saved: session.saved, status: session.state.status }];
    }),
  );
  return found.flat().sort((p, q) => q.saved - p.saved);
}

const thumbnails = new Map<string, string>();

/** Address of a photo's small picture, for those that sessions() has told of. */
export const thumbnail = (id: string): string | null => thumbnails.get(id) ?? null;

export async function forget(id: string): Promise<void> {
  await withKept(async (db) => {
    const transaction = db.transaction(["photos", "sessions"], "readwrite");
    await Promise.all([transaction.objectStore("photos").delete(id), transaction.objectStore("sessions").delete(id)]);
    await transaction.done;
  });
  URL.revokeObjectURL(thumbnails.get(id) ?? "");
  thumbnails.delete(id);
}
