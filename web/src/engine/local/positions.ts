// Position vectors of a grid of tokens; see adacolvit/model/positions.py.

const SPAN = 14;
const BASE = 100;

export function sinePositions(rows: number, columns: number, width: number): Float32Array {
  const quarter = width / 4;
  const result = new Float32Array(rows * columns * width);
  for (let i = 0; i < rows * columns; i++) {
    const row = (SPAN - rows) / 2 + Math.floor(i / columns);
    const column = (SPAN - columns) / 2 + (i % columns);
    for (let k = 0; k < quarter; k++) {
      const frequency = BASE ** (-k / quarter);
      [Math.sin(row * frequency), Math.cos(row * frequency), Math.sin(column * frequency), Math.cos(column * frequency)].forEach(
        (value, part) => (result[i * width + part * quarter + k] = value),
      );
    }
  }
  return result;
}
