// Work split over the caller's threads.
#pragma once
#include "gatecell.h"
#include "simd.h"

namespace gatecell::GATECELL_ISA_NAME {

class Threads {
 public:
  Threads(gatecell_parallel_for parallel_for, int64_t count) : count_(count), parallel_for_(parallel_for) {}

  int64_t count() const { return count_; }

  // Calls body(part) for part = 0 .. count()-1, and returns when all are done. The parts may run one after the other, in
  // any order, so that a body must not wait for another.
  template <class Body>
  void each(const Body& body) const {
    if (count_ == 1) {
      const FlushDenormals flush;
      body(int64_t(0));
      return;
    }
    parallel_for_(
        0, count_, 1,
        [](int64_t begin, int64_t end, void* context) {
          const FlushDenormals flush;
          for (int64_t part = begin; part < end; ++part) (*static_cast<const Body*>(context))(part);
        },
        const_cast<Body*>(&body));
  }

  // The first item of a part, where items are split evenly.
  int64_t first(int64_t part, int64_t items) const { return items * part / count_; }

 private:
  int64_t count_;
  gatecell_parallel_for parallel_for_;
};

constexpr int64_t streamed_weight_bytes = 3 << 20;  // what each core may read at each step, from its caches or beyond them

// How the time loop is split over threads.
struct Plan {
  int64_t threads;
  bool by_units;   // each step is split by tiles of units, all rows in each; else rows are dealt out once
  bool divisible;  // whether steps could be split
};

// Splitting rows needs no meeting of the threads before the end, and no core reads what another has written; but each
// thread then streams all the weights at each step, which pays while they are near or many rows share them.
inline Plan make_plan(const gatecell_problem& p, int64_t tiles, int64_t weights, size_t weight_size, int64_t longest,
                      int64_t records) {
  constexpr double worth_a_thread = 2e5;       // multiply-adds; below, waking a thread costs more than it does
  constexpr double worth_a_meeting = 1e6;      // multiply-adds of one step
  constexpr int64_t near = 640 << 10;          // bytes of weights, of a core's second-level cache
  const int64_t weight_bytes = weights * int64_t(weight_size);
  const double all = double(weights) * double(records);
  Plan plan{p.parallel_for ? max_of(1, min_of(p.threads, int64_t(all / worth_a_thread))) : 1, false, false};
  if (plan.threads == 1) return plan;
  const double step = longest > 0 ? all / double(longest) : 0.0;
  const int64_t rows_worth_streaming = (weight_bytes <= near ? 2 : 8) * plan.threads;
  plan.divisible = !p.layer_norm && !p.projection && tiles >= 2 * plan.threads && step >= worth_a_meeting;
  plan.by_units = plan.divisible && (weight_bytes > streamed_weight_bytes || p.rows < rows_worth_streaming);
  if (!plan.by_units) plan.threads = max_of(1, min_of(plan.threads, p.rows));
  return plan;
}

}  // namespace gatecell::GATECELL_ISA_NAME
