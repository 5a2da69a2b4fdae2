// Rectangles of whole pixels.

export interface Region {
  left: number;
  top: number;
  /** One beyond the last. */
  right: number;
  bottom: number;
}

export function common(p: Region, q: Region): Region | null {
  const [left, top] = [Math.max(p.left, q.left), Math.max(p.top, q.top)];
  const [right, bottom] = [Math.min(p.right, q.right), Math.min(p.bottom, q.bottom)];
  return left < right && top < bottom ? { left, top, right, bottom } : null;
}

/** The least that holds them all; null of none. */
export function around(regions: Region[]): Region | null {
  if (!regions.length) return null;
  const all = (side: keyof Region) => regions.map((region) => region[side]);
  return { left: Math.min(...all("left")), top: Math.min(...all("top")), right: Math.max(...all("right")), bottom: Math.max(...all("bottom")) };
}

/** What comes into a region when all in it moves by (dx, dy). */
export function uncovered(region: Region, dx: number, dy: number): Region[] {
  const { left, top, right, bottom } = region;
  const strips: Region[] = [];
  if (dx) strips.push(dx > 0 ? { ...region, right: left + dx } : { ...region, left: right + dx });
  if (dy) strips.push(dy > 0 ? { ...region, bottom: top + dy } : { ...region, top: bottom + dy });
  return strips.map((strip) => common(strip, region)!); // a move may be longer than the region
}
