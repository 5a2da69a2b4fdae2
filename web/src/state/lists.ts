// Lists that one thing is taken out of, or put back into.

export const without = <T>(list: readonly T[], at: number): T[] => list.filter((_, i) => i !== at);
export const withAt = <T>(list: readonly T[], at: number, one: T): T[] => [...list.slice(0, at), one, ...list.slice(at)];
