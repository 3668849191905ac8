// Rows whose sums over records are kept together, and what they are worked on with.
#pragma once
#include "rows.h"
#include "weight_sums.h"

namespace gatecell::GATECELL_ISA_NAME {

// Packed weights, room for the records of a chunk, and scratch for each thread that works on them.
template <class E, int G>
struct Workspace {
  static constexpr int64_t input_rows = 48;  // a few blocks of rows, whose gradients of x stay in the first-level cache

  BackwardWeights<E> weights;
  Chunk<E, G> chunk;
  SumOf<E>* input_scratch;  // [threads][input_rows][padded inputs]

  static Workspace allocate(const gatecell_problem& p, const Sizes<E>& n, int64_t capacity, bool need_x, int64_t threads,
                            Arena& arena) {
    Workspace w{carved<BackwardWeights<E>>(arena, n, p, need_x), Chunk<E, G>::allocate(p, n, capacity, need_x, arena), nullptr};
    if (need_x) w.input_scratch = arena.array<SumOf<E>>(threads * input_rows * Columns<E>{n.inputs}.padded());
    return w;
  }
};

template <class E, int G>
struct Group {
  const int64_t* records;  // [steps + 1]: the first of its records at each step
  int64_t base;            // the first record of the chunk at hand
  WeightSums<E, G> sums;
  const WeightSums<E, G>* into;  // where they are added when whole; NULL: nowhere
  Workspace<E, G>* workspace;

  static Group allocate(const Schedule& schedule, const Deal& deal, Workspace<E, G>* workspace, Arena& arena) {
    Group g{};
    g.workspace = workspace;
    g.sums = WeightSums<E, G>::allocate(workspace->chunk, arena);
    int64_t* records = arena.array<int64_t>(schedule.steps + 1);
    g.records = records;
    if (!arena.complete()) return g;
    records[0] = 0;
    for (int64_t s = 0; s < schedule.steps; ++s) records[s + 1] = records[s] + deal.count(schedule.active(s));
    if (schedule.steps == 0) g.sums.clear(workspace->chunk);
    return g;
  }
};

}  // namespace gatecell::GATECELL_ISA_NAME
