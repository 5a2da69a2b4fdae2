// Matrix products from packed weights, in the precision that this file is compiled for. What a precision brings is its
// `Left`: the rows of the left factor as its tiles read them, and the tile itself.
#pragma once

#if ADACOLVIT_BITS == 8
#include "int8.h"
#elif ADACOLVIT_BITS == 16
#include "bf16.h"
#else
#include "fp32.h"
#endif

namespace adacolvit::ADACOLVIT_ISA {

// Rows [lo, hi) of C = or += A W + bias, from packed weights. Row i of A lies at a[i] + offsets[r] for run r.
// `after(row, rows, column, columns)` finishes a tile of C while it is in the nearest cache. Panels are the outer loop: a
// panel is read once from memory and stays near while all rows pass; meanwhile the next one, which lies right behind it,
// is fetched.
template <class After>
void multiply(
    const Packed& w, Rows a, const int64_t* offsets, Rows c, int lo, int hi, Sum mode, const Workspace& ws,
    Worker& worker, After after) {
  const Left left(w, a, offsets, lo, hi, ws, worker);
  const char* b = (const char*)w.panels;
  for (int column = 0; column < w.columns; column += left.PANEL) {
    const int columns = w.columns - column < left.PANEL ? w.columns - column : left.PANEL;
    const int width = (columns + left.STEP - 1) / left.STEP * left.STEP;
    const int64_t size = left.depth * left.BYTES * width;
    Tiles tiles(lo, hi, left.HEIGHT, left.EVEN);
    const int lines = tiles.count ? int(size / 64 / tiles.count) + 1 : 0;  // to fetch beside each tile
    const char* fetch = b + size;
    for (int t = 0; t < tiles.count; ++t) {
      for (int line = 0; line < lines; ++line, fetch += 64) __builtin_prefetch(fetch, 0, 2);
      const int rows = tiles.next(t), row = tiles.row - rows;
      left.tile(row, rows, b, width, c, column, mode);
      worker.macs += int64_t(rows) * columns * w.runs * w.run;
      after(row, rows, column, width);
    }
    b += size;
  }
}

constexpr auto nothing = [](int, int, int, int) {};

}  // namespace adacolvit::ADACOLVIT_ISA
