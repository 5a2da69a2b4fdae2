// What a shortcut is, and how a pressed key finds its row in the table of keys.ts.

export interface Shortcut {
  /**
   * What a key writes (event.key), in lower case, after "control+" and "shift+" where they must be held: "control+z".
   * Command counts as Control. Shift is asked for letters and named keys alone: a "?" is a "?" on every keyboard.
   * Empty where a row only tells of the pointer.
   */
  keys: string[];
  /** How the list shows them; made from `keys` where not given. */
  show?: string;
  /** Empty where the list leaves the row out, because another one says it. */
  what: string;
  /** Whether the row applies now; always where not given. Of several rows with a key the first that applies is taken. */
  when?: () => boolean;
  run?: (event: KeyboardEvent) => void;
  /** What the letting go of a held key does. */
  release?: () => void;
  /** Whether a key that is held runs it again and again. */
  repeats?: true;
  /** Also where a field of text has the focus. */
  inText?: boolean;
}

export interface ShortcutGroup {
  title: string;
  rows: Shortcut[];
}

/**
 * What a key writes. Where an alphabet has no letters a to z, keyCode holds the Latin letter that the system itself
 * takes the key for, so that Control + Z undoes on a Greek or Russian keyboard too.
 */
function written({ key, keyCode }: KeyboardEvent): string {
  const foreign = key.length === 1 && key.charCodeAt(0) > 127 && keyCode >= 65 && keyCode <= 90;
  return (foreign ? String.fromCharCode(keyCode) : key).toLowerCase();
}

/** The event as a row of the table would write it. */
function pattern(event: KeyboardEvent): string {
  const key = written(event);
  const control = event.ctrlKey || event.metaKey ? "control+" : "";
  const shift = event.shiftKey && (key.length > 1 || key !== key.toUpperCase()) ? "shift+" : "";
  return control + shift + key;
}

const NOT_TEXT = new Set(["range", "radio", "checkbox", "color", "file", "button"]);
export const isText = (target: EventTarget | null) =>
  target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && !NOT_TEXT.has(target.type));
/** Takes letters: a field of text, or a list that letters choose from. */
const takesLetters = (target: EventTarget | null) => isText(target) || target instanceof HTMLSelectElement;
const takesKeys = (target: EventTarget | null) => takesLetters(target) || target instanceof HTMLInputElement;
const isPressed = (target: EventTarget | null) => target instanceof HTMLElement && target.matches("button, a, summary");

const SCROLLING = /^(shift\+)?(arrow(up|down|left|right)|page(up|down)| )$/;
const scrolls = (target: EventTarget | null) => target instanceof Element && target.closest(".panel") !== null;

/** The row that a pressed key runs; null where the key belongs to the focused element, or to nothing. */
export function find(groups: ShortcutGroup[], event: KeyboardEvent): Shortcut | null {
  if (event.altKey) return null;
  const key = pattern(event);
  const control = key.startsWith("control+");
  if ((key === " " || key === "enter") && (isPressed(event.target) || takesKeys(event.target))) return null;
  if (SCROLLING.test(key) && scrolls(event.target)) return null;
  const row = groups.flatMap((group) => group.rows).find((each) => each.run && each.keys.includes(key) && (each.when?.() ?? true));
  // Text keeps all its keys and has an undo of its own; a slider or a choice keeps its arrows and the like.
  const named = event.key.length > 1;
  const kept = control ? isText(event.target) : named ? takesKeys(event.target) : takesLetters(event.target);
  if (row?.inText || !kept) return row ?? null;
  return null;
}
