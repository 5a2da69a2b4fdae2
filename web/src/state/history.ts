// Unlimited undo: states are never changed in place, so keeping them all costs next to nothing.

export class History<T> {
  private readonly past: T[] = [];
  private future: T[] = [];
  private lastTag: string | null = null;

  constructor(public present: T) {}

  /** A new present. Changes in a row with the same tag (one hint nudged twenty times) are undone in one step. */
  commit(state: T, tag: string | null = null): void {
    if (tag === null || tag !== this.lastTag) this.past.push(this.present);
    this.present = state;
    this.future = [];
    this.lastTag = tag;
  }

  undo(): boolean {
    if (!this.past.length) return false;
    this.future.push(this.present);
    this.present = this.past.pop()!;
    this.lastTag = null;
    return true;
  }

  redo(): boolean {
    if (!this.future.length) return false;
    this.past.push(this.present);
    this.present = this.future.pop()!;
    this.lastTag = null;
    return true;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }
}
