// Every word a person reads, in one place.

import type { PictureFormat } from "./api";

/** The key that goes with letters: Command on Apple's keyboards. */
export const control = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";

const thousands = new Intl.NumberFormat("en-US");

export const texts = {
  product: "AdaColViT",

  drop: "Drop a black-and-white photo here",
  chooseFile: "Choose a photo",
  orPaste: "or paste one from the clipboard",
  promise: "Click a few points, give each a color, and the whole photo follows.",
  samples: "Or begin with one of these",
  letGo: "Let go to open",
  firstClick: "Click anywhere on the photo and choose a color.",
  firstTap: "Tap the photo to choose a color.",

  open: "Open",
  openTip: "Open a photo or a hints file",
  save: "Save",
  saveTip: "Save the photo at its full size",
  undo: "Undo",
  redo: "Redo",
  clear: "Clear all",
  clearTip: "Remove all hints (can be undone)",
  gray: "Hold for gray",
  grayTip: "Shows the gray photo while held",
  slider: "Before / after",
  sliderTip: "A line to drag across the photo: gray on its left, color on its right",
  sliderHandle: "Before and after line",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  fit: "Fit",
  fitTip: "Fit the photo to the window",
  actual: "100 %",
  actualTip: "One pixel of the photo is one pixel of the screen",
  effort: "Effort",
  effortTip: "Shows where the network spent its effort",
  shortcuts: "Shortcuts",
  collapse: "Hide labels",
  expand: "Show labels",
  tools: "Tools",
  close: "Close",

  stage: "Photo. Click to add a color; arrow keys move the selected one.",
  hint: (n: number, color: string, x: number, y: number) =>
    `Hint ${n}, ${color}, ${Math.round(x)} across, ${Math.round(y)} down`,
  size: (width: number, height: number) => `${width} × ${height}`,
  hints: (n: number) => (n === 0 ? "no hints yet" : n === 1 ? "1 hint" : `${n} hints`),

  picker: "Color of this hint",
  plane: "Colors this spot can have",
  planeValue: (color: string) => `${color}. Arrow keys change the color.`,
  hex: "Color as hex",
  hexWrong: "That is not a color. Write it like #7b4a2d.",
  hintSize: "Reach",
  hintSizeTip: "How large a spot the color is given to",
  recent: "Recent colors",
  use: (color: string) => `Use ${color}`,
  remove: "Remove this hint",
  becomes: (wanted: string, got: string) => `The photo keeps its lightness, so ${wanted} becomes ${got} here.`,
  tooDark: (wanted: string, got: string) => `This spot is too dark for ${wanted}; the nearest it can show is ${got}.`,
  tooLight: (wanted: string, got: string) => `This spot is too light for ${wanted}; the nearest it can show is ${got}.`,
  noColorDark: "This spot is almost black: hardly any color shows here.",
  noColorLight: "This spot is almost white: hardly any color shows here.",

  saveTitle: "Save at full size",
  formats: { png: "PNG", jpeg: "JPEG", webp: "WebP", tiff: "TIFF" } satisfies Record<PictureFormat, string>,
  formatNotes: {
    png: "Lossless, opens everywhere.",
    jpeg: "Small, opens everywhere.",
    webp: "Smallest, for the web.",
    tiff: "Lossless, for print and archives.",
  } satisfies Record<PictureFormat, string>,
  withHints: "Hints file beside it, to go on later",
  saveNow: "Save photo",
  saveHints: "Save hints only",

  opening: (name: string) => `Opening ${name} …`,
  saving: "Saving at full size …",
  hasColor: "This photo has color already; only its lightness is used.",
  draftBack: (n: number) => (n === 1 ? "Your hint from last time is back." : `Your ${n} hints from last time are back.`),
  notKept: "This browser keeps nothing between visits: save the hints file to go on later.",
  hintsFirst: "Open the photo first, or drop it together with its hints file.",
  noServer: "The program behind this page does not answer. Start it again with: adacolvit",
  photoGone: "The program no longer has this photo in memory. Please open it again.",
  noWebGl: "This browser cannot draw with WebGL 2. Please use a current Firefox, Chrome, Edge or Safari.",
  noSize: "Nothing can be opened from that: drop a picture file.",

  effortTitle: "Effort of the last change",
  effortMs: (ms: number) => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`,
  effortMsLabel: "network time",
  effortMacs: (macs: number) => `${(macs / 1e9).toFixed(2)} G`,
  effortMacsLabel: (share: number) => `operations, ${Math.round(100 * share)} % of a full pass`,
  effortLayers: "Layers, first to last",
  effortLayersNote: (skipped: number, of: number) =>
    skipped ? `${skipped} of ${of} steps skipped` : `all ${of} steps were run`,
  effortLegend: "Bright patches took the full path in most steps, dark ones the short path.",
  effortLayer: (n: number, part: "attention" | "ffn", run: boolean, kept: number) =>
    `Layer ${n}, ${part === "ffn" ? "feed-forward" : "attention"}: ${run ? `${Math.round(100 * kept)} % of patches in full` : "skipped"}`,

  zoom: (percent: number) => `${thousands.format(percent < 10 ? Math.round(10 * percent) / 10 : Math.round(percent))} %`,

  shortcutsTitle: "Shortcuts",
  shortcutList: [
    ["Click", "add a color"],
    ["Drag a ring", "move it"],
    ["Arrows", "nudge, with Shift by ten"],
    ["Del", "remove (or right click)"],
    [`${control} Z`, "undo"],
    [`${control} Shift Z`, `redo (or ${control} Y)`],
    ["G", "gray while held"],
    ["B", "before / after line"],
    ["Wheel  + −", "zoom"],
    ["Space drag", "pan"],
    ["F", "fit"],
    ["1", "100 %"],
    ["N", "add a color in the middle"],
    ["Tab", "next ring"],
    ["E", "effort"],
    [`${control} O`, "open"],
    [`${control} S`, "save"],
    ["?", "this list"],
  ] as [string, string][],
};
