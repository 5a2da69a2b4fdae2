// Where the photo lies on the stage. Stage coordinates are CSS pixels from the stage's top left corner.

export interface View {
  /** CSS pixels per photo pixel. */
  scale: number;
  /** The photo's top left corner on the stage. */
  x: number;
  y: number;
  /** Follows the window: the photo stays fitted when the stage changes its size. */
  fitted: boolean;
}

export interface Size {
  width: number;
  height: number;
}

export const MOST_ZOOM = 32; // CSS pixels per photo pixel
const LEAST_VISIBLE = 48; // px of the photo that always stay on the stage

const margin = (stage: Size) => (Math.min(stage.width, stage.height) < 480 ? 12 : 32);

export function fit(photo: Size, stage: Size): View {
  const air = 2 * margin(stage);
  const scale = Math.min((stage.width - air) / photo.width, (stage.height - air) / photo.height, 4);
  return centered(photo, stage, Math.max(scale, 1e-3), true);
}

/** One photo pixel is one pixel of the screen. */
export function actualSize(photo: Size, stage: Size, view: View): View {
  return zoomTo(photo, stage, view, 1 / devicePixelRatio, stage.width / 2, stage.height / 2);
}

/** Zooms so that what lies under (x, y) of the stage stays there. */
export function zoomTo(photo: Size, stage: Size, view: View, scale: number, x: number, y: number): View {
  const least = Math.min(fit(photo, stage).scale, 1 / devicePixelRatio) / 2;
  const s = Math.min(MOST_ZOOM, Math.max(least, scale));
  const ratio = s / view.scale;
  return keepVisible(photo, stage, { scale: s, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio, fitted: false });
}

export function pan(photo: Size, stage: Size, view: View, dx: number, dy: number): View {
  return keepVisible(photo, stage, { ...view, x: view.x + dx, y: view.y + dy, fitted: false });
}

/** Moves the photo by as little as brings a place of it, in photo pixels, into the stage. */
export function reveal(photo: Size, stage: Size, view: View, x: number, y: number): View {
  const at = toStage(view, x, y);
  const air = margin(stage); // that of a fitted photo, which is not moved
  const lack = (v: number, extent: number) => Math.trunc(Math.max(air, Math.min(extent - air, v)) - v);
  const [dx, dy] = [lack(at.x, stage.width), lack(at.y, stage.height)];
  return dx || dy ? pan(photo, stage, view, dx, dy) : view;
}

function keepVisible(photo: Size, stage: Size, view: View): View {
  const clamp = (v: number, extent: number, room: number) =>
    Math.min(room - LEAST_VISIBLE, Math.max(LEAST_VISIBLE - extent * view.scale, v));
  return { ...view, x: clamp(view.x, photo.width, stage.width), y: clamp(view.y, photo.height, stage.height) };
}

function centered(photo: Size, stage: Size, scale: number, fitted: boolean): View {
  return { scale, x: (stage.width - photo.width * scale) / 2, y: (stage.height - photo.height * scale) / 2, fitted };
}

/** The photo's rectangle in whole device pixels, so that at 100 % its pixels are the screen's. */
export function devicePhoto(photo: Size, view: View): [number, number, number, number] {
  const d = devicePixelRatio;
  return [Math.round(view.x * d), Math.round(view.y * d), photo.width * view.scale * d, photo.height * view.scale * d];
}

export const toStage = (view: View, x: number, y: number) => ({ x: view.x + x * view.scale, y: view.y + y * view.scale });
export const toPhoto = (view: View, x: number, y: number) => ({ x: (x - view.x) / view.scale, y: (y - view.y) / view.scale });
