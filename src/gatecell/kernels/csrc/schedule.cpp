#include "schedule.h"

#include <string.h>

namespace gatecell {

bool make_schedule(const gatecell_problem& p, Arena& arena, Schedule& schedule) {
  const int64_t rows = p.rows, all = p.steps;
  int64_t* counts = arena.array<int64_t>(rows);
  int64_t* sorted = arena.array<int64_t>(rows);
  int64_t* order = arena.array<int64_t>(rows);
  int64_t* with_count = arena.array<int64_t>(all + 2);  // rows with exactly this count; then: rows with a larger one
  if (!counts || !sorted || !order || !with_count) return false;

  memset(with_count, 0, size_t(all + 2) * sizeof(int64_t));
  int64_t longest = 0;
  for (int64_t b = 0; b < rows; ++b) {
    int64_t count = all;
    if (p.lengths) {
      count = p.lengths[b] < 0 ? 0 : p.lengths[b] > all ? all : p.lengths[b];
    } else if (p.mask) {
      count = 0;
      for (int64_t t = 0; t < all; ++t) count += p.mask[b * all + t] != 0;
    }
    counts[b] = count;
    with_count[count] += 1;
    if (count > longest) longest = count;
  }
  int64_t longer = 0;
  for (int64_t count = all; count >= 0; --count) {
    const int64_t here = with_count[count];
    with_count[count] = longer;
    longer += here;
  }

  int64_t* records = arena.array<int64_t>(longest + 1);
  if (!records) return false;
  records[0] = 0;
  for (int64_t s = 0; s < longest; ++s) records[s + 1] = records[s] + with_count[s];  // rows with a count above s

  for (int64_t b = 0; b < rows; ++b) {
    const int64_t r = with_count[counts[b]]++;
    order[r] = b;
    sorted[r] = counts[b];
  }

  int64_t* places = nullptr;
  if (p.mask) {
    places = arena.array<int64_t>(rows * all);
    if (!places) return false;
    for (int64_t r = 0; r < rows; ++r) {
      int64_t* next = places + r * all;
      for (int64_t t = 0; t < all; ++t)
        if (p.mask[order[r] * all + t]) *next++ = t;
    }
  }
  schedule = {rows, longest, order, sorted, records, places, all, p.reverse != 0};
  return true;
}

}  // namespace gatecell
