// Which steps of which rows are run, and in what order.
//
// Rows are sorted by their number of counted steps, the longest first. Step s of a row is its s-th counted step in the
// order of the direction; at step s the rows 0 .. active(s)-1 run. Lengths, masks with gaps, and reversal thus become one
// thing: a list of places in time. A record is one (step, row) pair; records are numbered step by step.
#pragma once
#include <stdint.h>

#include "arena.h"
#include "gatecell.h"

namespace gatecell {

struct Schedule {
  int64_t rows = 0, steps = 0;       // steps: those of the longest row
  const int64_t* order = nullptr;    // [rows]: the caller's index of each sorted row
  const int64_t* counts = nullptr;   // [rows]: counted steps of each sorted row
  const int64_t* records = nullptr;  // [steps + 1]: the first record of each step
  const int64_t* places = nullptr;   // [rows * T]: for a mask, the places of each sorted row's steps
  int64_t all_steps = 0;             // T
  bool reverse = false;

  int64_t total() const { return records[steps]; }
  int64_t active(int64_t step) const { return step < steps ? records[step + 1] - records[step] : 0; }
  int64_t place(int64_t row, int64_t step) const {
    const int64_t s = reverse ? counts[row] - 1 - step : step;
    return places ? places[row * all_steps + s] : s;
  }
};

// Returns false where memory is short.
bool make_schedule(const gatecell_problem& problem, Arena& arena, Schedule& schedule);

}  // namespace gatecell
