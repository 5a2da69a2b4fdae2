// Unlimited undo: states are never changed in place, so keeping them all costs next to nothing.

export interface Timeline<T> {
  /** Oldest first. */
  past: readonly T[];
  present: T;
  /** What redo comes to, next one first. */
  future: readonly T[];
}

export class History<T> {
  private readonly past: T[];
  private readonly undone: T[]; // the next to redo is last
  private lastTag: string | null = null;
  present: T;

  constructor({ past, present, future }: Timeline<T>) {
    [this.past, this.present, this.undone] = [[...past], present, [...future].reverse()];
  }

  /** A new present. Changes in a row with the same tag (one hint nudged twenty times) are undone in one step. */
  commit(state: T, tag: string | null = null): void {
    if (tag === null || tag !== this.lastTag) this.past.push(this.present);
    this.present = state;
    this.undone.length = 0;
    this.lastTag = tag;
  }

  undo(): boolean {
    if (!this.past.length) return false;
    this.undone.push(this.present);
    this.present = this.past.pop()!;
    this.lastTag = null;
    return true;
  }

  redo(): boolean {
    if (!this.undone.length) return false;
    this.past.push(this.present);
    this.present = this.undone.pop()!;
    this.lastTag = null;
    return true;
  }

  get timeline(): Timeline<T> {
    return { past: this.past, present: this.present, future: [...this.undone].reverse() };
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }
}
