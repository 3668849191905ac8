// The backward pass; ../README.md derives it.
//
// Time runs backwards in chunks of steps. Within a chunk, first the recurrence: gradients of the pre-activations z, step
// by step. Then the sums over the chunk's records, with those gradients still in cache: the gradients of W, U, R and x.
//
// Rows are dealt out to groups, each of which has sums of its own. A group stays on one thread, because what one core has
// written is slow to read from another. How many groups there are depends on the sizes alone, each sums over records in
// the order of the schedule, and the groups' sums are added as the leaves of one tree: gradients do not depend on the
// number of threads. Where weights are too large for many copies there is one group, and all threads share in its work; where
// there are more threads than groups, they share in each.
#pragma once
#include "recurrence.h"

namespace gatecell::GATECELL_ISA_NAME {

template <class E, int G>
class Backward {
  using T = SumOf<E>;
  using Sums = WeightSums<E, G>;
  using State = typename Recurrence<E, G>::State;

 public:
  Backward(const gatecell_problem& problem, const Schedule& schedule, const gatecell_weights& weights,
           const gatecell_run& run, const gatecell_gradients& gradients, Arena& arena)
      : p_(problem), n_(problem), schedule_(schedule), given_(weights), run_(run), out_(gradients), arena_(arena),
        recurrence_(problem, n_, schedule, run, gradients, arena) {}

  // Returns false where memory is short.
  bool run(const Plan& plan) {
    group_count_ = count_groups();
    // one after the other, where more threads can share in each than there are groups
    by_units_ = group_count_ > 1 ? plan.divisible && plan.threads > group_count_ : plan.by_units;
    by_group_ = group_count_ > 1 && !by_units_;
    const Threads threads(p_.parallel_for, by_group_ ? min_of(plan.threads, group_count_) : plan.threads);
    if (!allocate(threads)) return false;
    if (by_group_)
      threads.each([&](int64_t part) { run_own_groups(part, threads); });
    else
      run_together(threads);
    threads.each([&](int64_t part) {
      for (int64_t tile = threads.first(part, n_.tiles); tile < threads.first(part + 1, n_.tiles); ++tile) {
        for_pairs_of_threads(threads, [&](const Sums& to, const Sums& from) { to.add_tile(chunk(), from, tile); });
        groups_->sums.write_tile(chunk(), tile, out_.weights);
      }
    });
    write_units_and_projection(threads);
    for (int64_t d = 0; d < deals_; ++d) recurrence_.write(states_[d]);
    return true;
  }

 private:
  static constexpr int64_t most_groups = 16;

  // As many as leave each a few blocks of rows, or, where weights are far, rows that are worth reading them for at each step;
  // and as there is room for their sums. A power of two, for threads to share evenly.
  int64_t count_groups() const {
    const bool near = n_.k * n_.z * int64_t(sizeof(E)) <= streamed_weight_bytes;
    const int64_t rows_a_group = near ? 8 : 32, most_bytes = (near ? 6 : 20) << 20;
    const int64_t bytes = (n_.inputs + n_.outputs) * n_.z * int64_t(sizeof(T));
    const int64_t most = min_of(min_of(schedule_.rows / rows_a_group, most_groups), most_bytes / bytes);
    int64_t groups = 1;
    while (2 * groups <= most) groups *= 2;
    return groups;
  }

  // Which rows are those of the k-th leaf of the tree of sums: the bits of k in reverse. Two threads thus have a half of
  // the tree each, and the rows that were theirs in the forward pass.
  static int64_t leaf(int64_t k, int64_t groups) {
    int64_t reversed = 0;
    for (int64_t bit = 1, mirror = groups / 2; mirror > 0; bit *= 2, mirror /= 2)
      if (k & bit) reversed |= mirror;
    return reversed;
  }

  bool allocate(const Threads& threads) {
    const int64_t groups = group_count_, rows = (schedule_.rows + groups - 1) / groups;
    // of gradients of z so many bytes that what a tile sums over stays in the first-level cache; the same for any number of
    // threads, because chunks say in which order records are summed
    constexpr int64_t fewest = 128, chunk_bytes = 192 << 10;
    const int64_t wanted = max_of(fewest, chunk_bytes / (n_.z * int64_t(sizeof(T))));
    const int64_t capacity = round_up(max_of(rows, min_of(schedule_.total(), wanted)), depth<E>);

    const int64_t workspaces = by_group_ ? threads.count() : 1;
    deals_ = groups > 1 ? groups : by_units_ ? 1 : threads.count();
    workspaces_ = arena_.array<Workspace<E, G>>(workspaces);
    groups_ = arena_.array<Group<E, G>>(groups);
    states_ = arena_.array<State>(deals_);
    if (!arena_.complete()) return false;
    for (int64_t k = 0; k < workspaces; ++k)
      workspaces_[k] =
          Workspace<E, G>::allocate(p_, n_, capacity, out_.x.data, by_group_ ? 1 : threads.count(), arena_);
    for (int64_t k = 0; k < groups; ++k)
      groups_[k] = Group<E, G>::allocate(schedule_, {leaf(k, groups), groups}, workspaces_, arena_);

    // without groups any thread may have a row
    const int64_t unit_values = recurrence_.unit_values();
    unit_sums_count_ = groups > 1 ? groups : schedule_.rows;
    unit_sums_ = arena_.array<T>(max_of(1, unit_sums_count_) * unit_values);
    unit_total_ = arena_.array<T>(unit_values);
    for (int64_t d = 0; d < deals_; ++d) {
      const bool own = groups > 1;
      State& s = states_[d];
      s = recurrence_.allocate({own ? leaf(d, groups) : d, deals_}, groups_ + (own ? d : 0), arena_);
      s.place = own ? 0 : d;
      s.place_stride = own ? 1 : deals_;
      s.unit_sums = unit_sums_ + d * unit_values;
      s.unit_sums_stride = own ? 0 : deals_ * unit_values;
    }
    if (out_.x.data && p_.training && p_.input_dropout > 0) input_masks_ = arena_.array<const T*>(schedule_.rows);
    return arena_.complete();
  }

  // The groups of one thread. What it works with it also packs and clears: what another core has written is slow to read
  // and to write.
  void run_own_groups(int64_t part, const Threads& threads) {
    const int64_t begin = threads.first(part, group_count_), end = threads.first(part + 1, group_count_);
    Workspace<E, G>& workspace = workspaces_[part];
    pack_backward(p_, n_, given_, workspace.weights, 0, n_.tiles);
    workspace.chunk.clear();
    clear_inputs(threads, part);
    Sums free[most_groups];
    int64_t count = 0;
    for (int64_t d = end - 1; d >= begin; --d) free[count++] = groups_[d].sums;
    for (int64_t d = begin; d < end; ++d) {
      begin_deal(states_[d]);
      Group<E, G>& group = groups_[d];
      group.workspace = &workspace;
      group.sums = free[--count];
      if (d % 2 == 1 && d > begin) group.into = &groups_[d - 1].sums;
      run_group(group, Threads(nullptr, 1),
                [&](int64_t first, int64_t last) { recurrence_.run(states_[d], first, last); });
      // while both halves are in this core's cache; the memory of the second serves the next group
      if (group.into) free[count++] = group.sums;
      for (int64_t span = 2; (d + 1) % (2 * span) == 0 && d + 1 - 2 * span >= begin; span *= 2) {
        const Group<E, G>&to = groups_[d + 1 - 2 * span], &from = groups_[d + 1 - span];
        free[count++] = from.sums;
        for (int64_t tile = 0; tile < n_.tiles; ++tile) to.sums.add_tile(workspace.chunk, from.sums, tile);
        if (p_.projection) to.sums.add_projection(workspace.chunk, from.sums);
      }
    }
  }

  // All threads share in each group.
  void run_together(const Threads& threads) {
    workspaces_->chunk.clear();
    threads.each([&](int64_t part) {
      pack_backward(p_, n_, given_, workspaces_->weights, threads.first(part, n_.tiles), threads.first(part + 1, n_.tiles));
      clear_inputs(threads, part);
      for (int64_t d = threads.first(part, deals_); d < threads.first(part + 1, deals_); ++d) begin_deal(states_[d]);
    });
    for (int64_t d = 0; d < group_count_; ++d)
      run_group(groups_[d], threads, [&](int64_t first, int64_t last) {
        if (by_units_) return recurrence_.run_by_units(states_[d], first, last, threads);
        threads.each([&](int64_t part) { recurrence_.run(states_[part], first, last); });
      });
  }

  // Time in chunks, from the last one; `recur` runs the steps first..last-1 backwards.
  template <class Recur>
  void run_group(Group<E, G>& g, const Threads& threads, const Recur& recur) {
    const Chunk<E, G>& c = g.workspace->chunk;
    for (int64_t last = schedule_.steps; last > 0;) {
      int64_t first = last - 1;
      while (first > 0 && g.records[last] - g.records[first - 1] <= c.capacity()) --first;
      g.base = g.records[first];
      recur(first, last);
      const int64_t records = g.records[last] - g.base;
      if constexpr (depth<E> > 1)
        threads.each([&](int64_t part) {
          c.join(threads.first(part, operands<E>(records)), threads.first(part + 1, operands<E>(records)), records);
        });
      const bool more = last < schedule_.steps;
      // h~ of the first step is 0 where no state is given
      const int64_t first_of_recurrent = first == 0 && !run_.h ? g.records[1] / depth<E> * depth<E> : 0;
      threads.each([&](int64_t part) {
        g.sums.add_chunk(c, records, first_of_recurrent, more, first == 0 ? g.into : nullptr, part, threads);
        if (out_.x.data)
          write_inputs(*g.workspace, threads.first(part, records), threads.first(part + 1, records), part);
      });
      last = first;
    }
  }

  void begin_deal(State& s) {
    recurrence_.begin(s);
    for (int64_t q = 0; input_masks_ && q < s.deal.count(schedule_.rows); ++q)
      input_masks_[s.deal.row(q)] = s.masks.input + q * s.masks.input_stride;
  }

  void clear_inputs(const Threads& threads, int64_t part) const {
    if (!out_.x.data) return;
    for (int64_t row = threads.first(part, schedule_.rows); row < threads.first(part + 1, schedule_.rows); ++row)
      clear_uncounted<T>(p_, schedule_, row, out_.x, n_.inputs);
  }

  // The gradient of x of some of the chunk's records: W^T d_z under the dropout mask.
  void write_inputs(const Workspace<E, G>& w, int64_t first, int64_t last, int64_t part) const {
    const Packed<E>& input = w.weights.input;
    const int64_t width = input.columns.padded(), most = w.input_rows;
    T* const scratch = w.input_scratch + part * most * width;
    for (int64_t begin = first; begin < last; begin += most) {
      const int64_t count = min_of(most, last - begin);
      w.chunk.multiply_z(0, begin, 1, count, input, 0, input.columns.groups(), scratch, width);
      for (int64_t r = 0; r < count; ++r) {
        const int64_t *const record = w.chunk.rows_of_records + 2 * (begin + r), row = record[0], place = record[1];
        masked_copy(at<T>(out_.x, schedule_.order[row], place), scratch + r * width,
                    input_masks_ ? input_masks_[row] : nullptr, n_.inputs);
      }
    }
  }

  // Groups are added in pairs, those in pairs, and so on: this order does not depend on the threads. Calls body(to, from)
  // for the pairs whose groups no single thread has had.
  template <class Body>
  void for_pairs_of_threads(const Threads& threads, const Body& body) const {
    for (int64_t span = 1; span < group_count_; span *= 2)
      for (int64_t first = 0; first + span < group_count_; first += 2 * span) {
        bool done = false;
        for (int64_t part = 0; by_group_ && part < threads.count(); ++part)
          done = done || (threads.first(part, group_count_) <= first &&
                          first + 2 * span <= threads.first(part + 1, group_count_));
        if (!done) body(groups_[first].sums, groups_[first + span].sums);
      }
  }

  // Of single units, summed over groups, or over rows in the order of the schedule; and of R.
  void write_units_and_projection(const Threads& threads) const {
    const FlushDenormals flush;
    const int64_t values = recurrence_.unit_values();
    memset(unit_total_, 0, size_t(values) * sizeof(T));
    for (int64_t k = 0; k < unit_sums_count_; ++k) add_all(unit_total_, unit_sums_ + k * values, values);
    UnitSums<T>::carve(unit_total_, n_, p_).write(n_, out_.weights);
    if (!p_.projection) return;
    for_pairs_of_threads(threads, [&](const Sums& to, const Sums& from) { to.add_projection(chunk(), from); });
    groups_->sums.write_projection(chunk(), static_cast<T*>(out_.weights.projection));
  }

  const Chunk<E, G>& chunk() const { return workspaces_->chunk; }

  const gatecell_problem& p_;
  const Sizes<E> n_;
  const Schedule& schedule_;
  const gatecell_weights& given_;
  const gatecell_run& run_;
  const gatecell_gradients& out_;
  Arena& arena_;
  const Recurrence<E, G> recurrence_;

  int64_t group_count_ = 0, deals_ = 0;
  bool by_group_ = false;  // each group stays on one thread
  bool by_units_ = false;  // all threads share in each step
  Workspace<E, G>* workspaces_ = nullptr;
  Group<E, G>* groups_ = nullptr;
  State* states_ = nullptr;
  const T** input_masks_ = nullptr;  // by sorted row

  T* unit_sums_ = nullptr;   // [groups, or rows where there is one group][unit_values()]
  T* unit_total_ = nullptr;  // [unit_values()]
  int64_t unit_sums_count_ = 0;
};

}  // namespace gatecell::GATECELL_ISA_NAME
