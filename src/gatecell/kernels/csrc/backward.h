// The backward pass; ../README.md derives it.
//
// Time runs backwards in chunks of steps. Within a chunk, first the recurrence: gradients of the pre-activations z, step
// by step. Then the sums over the chunk's records, with those gradients still in cache: the gradients of W, U, R and x.
//
// Rows are dealt out to groups, each of which has sums of its own. A group stays on one thread, because what one core has
// written is slow to read from another. How many groups there are depends on the sizes alone, each sums over records in
// the order of the schedule, and the groups' sums are added as the leaves of one tree: gradients do not depend on the
// number of threads. Where weights are too large for many copies there is one group, and all threads share in its work.
#pragma once
#include "cell.h"
#include "norm.h"
#include "pack.h"
#include "records.h"
#include "rows.h"
#include "threads.h"

namespace gatecell::GATECELL_ISA_NAME {

template <class E, int G>
class Backward {
  using T = SumOf<E>;
  using Value = ValueOf<E>;

 public:
  Backward(const gatecell_problem& problem, const Schedule& schedule, const gatecell_weights& weights,
           const gatecell_run& run, const gatecell_gradients& gradients, Arena& arena)
      : p_(problem), n_(problem), schedule_(schedule), given_(weights), run_(run), out_(gradients), arena_(arena),
        zoneout_(problem), plain_(!zoneout_.on && !problem.projection && !problem.peephole) {
    Carver carver(run.saved);
    saved_ = Saved<T>::carve(carver, n_, problem, schedule.total());
  }

  // Returns false where memory is short.
  bool run(Plan plan) {
    const int64_t groups = group_count();
    // one after the other, where more threads can share in each than there are groups
    by_units_ = groups > 1 ? plan.divisible && plan.threads > groups : plan.by_units;
    by_group_ = groups > 1 && !by_units_;
    const Threads threads(p_.parallel_for, by_group_ ? min_of(plan.threads, groups) : plan.threads);
    const int64_t deals = groups > 1 ? groups : by_units_ ? 1 : plan.threads;
    State* states = arena_.array<State>(deals);
    if (!states || !allocate_shared(threads, groups)) return false;
    for (int64_t d = 0; d < deals; ++d) {
      states[d] = allocate({groups > 1 ? leaf(d, groups) : d, deals});
      states[d].group = groups_ + (groups > 1 ? d : 0);
      states[d].place = groups > 1 ? 0 : d;
      states[d].place_stride = groups > 1 ? 1 : deals;
    }
    if (!arena_.complete()) return false;

    if (by_group_) {
      // what a thread works on it also packs and clears: what another core has written is slow to read and to write
      threads.each([&](int64_t part) {
        const int64_t begin = threads.first(part, groups), end = threads.first(part + 1, groups);
        pack_backward(p_, n_, given_, workspaces_[part].weights, 0, n_.tiles);
        workspaces_[part].clear();
        clear_inputs(threads, part);
        Sums free[most_groups];
        int64_t count = 0;
        for (int64_t d = end - 1; d >= begin; --d) free[count++] = groups_[d].sums;
        for (int64_t d = begin; d < end; ++d) {
          begin_deal(states[d]);
          groups_[d].workspace = workspaces_ + part;
          groups_[d].sums = free[--count];
          if (d % 2 == 1 && d > begin) groups_[d].into = &groups_[d - 1].sums;
          run_group(groups_[d], Threads(nullptr, 1), [&](int64_t first, int64_t last) {
            for (int64_t step = last - 1; step >= first; --step) recur(states[d], step);
          });
          // while both halves are in this core's cache; the memory of the second serves the next group
          for (int64_t span = 1; (d + 1) % (2 * span) == 0 && d + 1 - 2 * span >= begin; span *= 2) {
            const Sums &to = groups_[d + 1 - 2 * span].sums, &from = groups_[d + 1 - span].sums;
            free[count++] = from;
            if (groups_[d + 1 - span].into) continue;
            for (int64_t tile = 0; tile < n_.tiles; ++tile) add_gate_sums(to, from, tile);
            if (p_.projection) add_all(to.projection, from.projection, projection_sums());
          }
        }
      });
    } else {
      workspaces_->clear();
      threads.each([&](int64_t part) {
        pack_backward(p_, n_, given_, workspaces_->weights, threads.first(part, n_.tiles), threads.first(part + 1, n_.tiles));
        clear_inputs(threads, part);
        for (int64_t d = threads.first(part, deals); d < threads.first(part + 1, deals); ++d) begin_deal(states[d]);
      });
      for (int64_t d = 0; d < groups; ++d)
        run_group(groups_[d], threads, [&](int64_t first, int64_t last) {
          if (by_units_) return recur_by_units(states[d], first, last, threads);
          threads.each([&](int64_t part) {
            for (int64_t step = last - 1; step >= first; --step) recur(states[part], step);
          });
        });
    }

    threads.each([&](int64_t part) {
      write_weights(threads, threads.first(part, n_.tiles), threads.first(part + 1, n_.tiles));
    });
    write_unit_gradients(threads);
    for (int64_t d = 0; d < deals; ++d) write_states(states[d]);
    return true;
  }

 private:
  // Packed weights, room for the records of a chunk, and scratch for each thread that works on them.
  struct Workspace {
    BackwardWeights<E> weights;
    Panels<E> sources;         // x~, h~
    Blocks<E> d_z[2];          // blocks are tiles: of W x~ and of U h~; the same without layer norm
    Panels<E> d_outputs;       // projection: gradients of its result
    Blocks<E> hidden;          // projection: its argument; blocks are groups of columns
    int64_t* rows_of_records;  // [records][2]: sorted row and place in time
    T* input_scratch;          // [threads][input_rows][padded inputs]

    void clear() const {
      sources.clear();
      if (d_outputs.rows) d_outputs.clear();
    }
  };

  struct Sums {
    T* gates;       // [tiles][columns of sources][width of the tile]
    T* projection;  // [group of columns][outputs][columns]
  };

  // Rows whose sums over records are kept together.
  struct Group {
    const int64_t* records;  // [steps + 1]: the first of its records at each step
    int64_t base;            // the first record of the chunk at hand
    Sums sums;
    const Sums* into;        // where they are added when whole; NULL: nowhere
    Workspace* workspace;
  };

  // What one row reads and writes at the step at hand.
  struct Line {
    const T *gates, *c_old;  // of all tiles
    const T* d_output;       // NULL where there is none
    T *d_h, *d_c;
    T* sums;
    Value* d_z;              // of the first tile, if it is a full one
    int64_t record;          // of the chunk
    const T *next_gates, *next_c_old, *next_d_output;  // those of the step that comes next; NULL where there are none
  };

  // What is carried from step to step; row q of each array is row deal.row(q) of the schedule.
  struct State {
    Deal deal;
    Group* group;
    int64_t place, place_stride;  // row q is row place + q * place_stride of the group
    T* d_h;      // [rows][outputs_p]
    T* from_z;   // zoneout: [rows][outputs_p], U^T d_z
    T* d_c;      // [rows][hidden_p]
    T* c_first;  // [rows][hidden_p], the cell states before the first step
    Line* lines;  // [rows]
    DropoutMasks<T> masks;
    T* d_hidden;  // projection: [rows][hidden_p], of h before it
    Value* d_out;  // projection: [rows][row of d_outputs], of h behind it, without what zoneout carries
    T* row;       // layer_norm: [4][hidden_p] and [2][z], of one row

    const BackwardWeights<E>& weights() const { return group->workspace->weights; }
  };

  // Gradients of the parameters of single units, summed over the steps of a group's rows, or of one row.
  struct UnitSums {
    T* bias;            // in the order of z
    T* peephole[3];     // i, f, o
    T* norm_input;      // in the order of z
    T* norm_recurrent;  // likewise
    T* norm_cell[2];    // gain, shift
    int64_t values;

    static UnitSums carve(T* base, const Sizes<E>& n, const gatecell_problem& p) {
      Carver carver(base);
      UnitSums u{};
      u.bias = carver.take<T>(n.z);
      if (p.peephole)
        for (T*& gate : u.peephole) gate = carver.take<T>(n.hidden_p);
      if (p.layer_norm) {
        u.norm_input = carver.take<T>(n.z);
        u.norm_recurrent = carver.take<T>(n.z);
        for (T*& part : u.norm_cell) part = carver.take<T>(n.hidden_p);
      }
      u.values = carver.used() / int64_t(sizeof(T));
      return u;
    }
  };

  static constexpr int64_t tile_z = G * lanes<T>;
  static constexpr int64_t most_groups = 16;
  static constexpr int64_t input_rows = 48;  // a few blocks of rows, whose gradients of x stay in the first-level cache

  State allocate(Deal deal) {
    const int64_t rows = deal.count(schedule_.rows);
    State s{};
    s.deal = deal;
    s.d_h = arena_.array<T>(rows * n_.outputs_p);
    if (zoneout_.on) s.from_z = arena_.array<T>(rows * n_.outputs_p);
    s.d_c = arena_.array<T>(rows * n_.hidden_p);
    s.c_first = arena_.array<T>(rows * n_.hidden_p);
    s.lines = arena_.array<Line>(rows);
    s.masks = DropoutMasks<T>::allocate(p_, n_, rows, arena_);
    if (p_.projection) {
      s.d_hidden = arena_.array<T>(rows * n_.hidden_p);
      const int64_t values = rows * workspaces_->d_outputs.row_stride();
      s.d_out = arena_.array<Value>(values);
      if (s.d_out) memset(static_cast<void*>(s.d_out), 0, size_t(values) * sizeof(Value));
    }
    if (p_.layer_norm) s.row = arena_.array<T>(4 * n_.hidden_p + 2 * n_.z);
    return s;
  }

  // As many as leave each a few blocks of rows, and as their sums are near. A power of two, for threads to share evenly.
  int64_t group_count() const {
    constexpr int64_t rows_a_group = 8, most_bytes = 6 << 20;
    if (n_.k * n_.z * int64_t(sizeof(E)) > streamed_weight_bytes) return 1;
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

  bool allocate_shared(const Threads& threads, int64_t groups) {
    // with layer normalisation W x~ and U h~ have gradients of their own, so that a panel must not span both
    inputs_end_ = p_.layer_norm ? round_up(n_.inputs, tile_rows<G> * depth<E>) : n_.recurrent_at();
    const int64_t rows = (schedule_.rows + groups - 1) / groups;
    // of gradients of z: of the order of a second-level cache
    // whatever the threads: chunks say in which order records are summed
    const int64_t chunk_bytes = (groups > 1 ? 512 : 2048) << 10;
    capacity_ = max_of(rows, min_of(schedule_.total(), max_of(256, chunk_bytes / (n_.z * int64_t(sizeof(T))))));
    capacity_ = round_up(capacity_, depth<E>);

    const int64_t workspaces = by_group_ ? threads.count() : 1;
    workspaces_ = arena_.array<Workspace>(workspaces);
    groups_ = arena_.array<Group>(groups);
    if (!arena_.complete()) return false;
    for (int64_t k = 0; k < workspaces; ++k) workspaces_[k] = allocate_workspace(by_group_ ? 1 : threads.count());
    for (int64_t k = 0; k < groups; ++k) groups_[k] = allocate_group({groups > 1 ? leaf(k, groups) : k, groups});
    group_count_ = groups;

    if (out_.x.data && p_.training && p_.input_dropout > 0) input_masks_ = arena_.array<const T*>(schedule_.rows);
    sums_values_ = UnitSums::carve(nullptr, n_, p_).values;
    // without groups any thread may have a row
    sums_count_ = groups > 1 ? groups : schedule_.rows;
    sums_ = arena_.array<T>(max_of(1, sums_count_) * sums_values_);
    total_ = arena_.array<T>(sums_values_);
    if (!run_.h) {
      zeros_ = arena_.array<T>(n_.outputs_p);
      if (zeros_) memset(zeros_, 0, size_t(n_.outputs_p) * sizeof(T));
    }
    return arena_.complete();
  }

  Workspace allocate_workspace(int64_t threads) {
    Workspace w{};
    Carver measure(nullptr);
    BackwardWeights<E>::carve(measure, n_, p_, out_.x.data);
    Carver carver(arena_.bytes(size_t(measure.used())));
    w.weights = BackwardWeights<E>::carve(carver, n_, p_, out_.x.data);
    w.sources = {inputs_end_ + n_.outputs, capacity_, tile_rows<G>};
    w.sources.allocate(arena_);
    w.d_z[0] = Blocks<E>::allocate(arena_, n_.z, capacity_);
    w.d_z[1] = p_.layer_norm ? Blocks<E>::allocate(arena_, n_.z, capacity_) : w.d_z[0];
    if (p_.projection) {
      w.d_outputs = {n_.outputs, capacity_, tile_rows<4>};
      w.d_outputs.allocate(arena_);
      w.hidden = Blocks<E>::allocate(arena_, n_.hidden_p, capacity_);
    }
    if (out_.x.data) {
      w.rows_of_records = arena_.array<int64_t>(2 * capacity_);
      w.input_scratch = arena_.array<T>(threads * input_rows * Columns<E>{n_.inputs}.padded());
    }
    return w;
  }

  Group allocate_group(Deal deal) {
    Group g{};
    g.workspace = workspaces_;
    g.sums.gates = arena_.array<T>(gate_sums() * n_.tiles);
    if (p_.projection) g.sums.projection = arena_.array<T>(projection_sums());
    int64_t* records = arena_.array<int64_t>(schedule_.steps + 1);
    g.records = records;
    if (!arena_.complete()) return g;
    records[0] = 0;
    for (int64_t s = 0; s < schedule_.steps; ++s) records[s + 1] = records[s] + deal.count(schedule_.active(s));
    if (schedule_.steps == 0) {
      memset(g.sums.gates, 0, size_t(gate_sums() * n_.tiles) * sizeof(T));
      if (p_.projection) memset(g.sums.projection, 0, size_t(projection_sums()) * sizeof(T));
    }
    return g;
  }

  // Time in chunks, from the last one; `recurrence` runs the steps first..last-1 backwards.
  template <class Recurrence>
  void run_group(Group& g, const Threads& threads, const Recurrence& recurrence) {
    for (int64_t last = schedule_.steps; last > 0;) {
      int64_t first = last - 1;
      while (first > 0 && g.records[last] - g.records[first - 1] <= capacity_) --first;
      g.base = g.records[first];
      recurrence(first, last);
      const int64_t records = g.records[last] - g.base;
      if constexpr (depth<E> > 1) threads.each([&](int64_t part) { join_records(g, records, part, threads); });
      const bool more = last < schedule_.steps;
      threads.each([&](int64_t part) { sum_over_records(g, records, more, first == 0, part, threads); });
      last = first;
    }
  }

  void clear_inputs(const Threads& threads, int64_t part) const {
    if (!out_.x.data) return;
    for (int64_t row = threads.first(part, schedule_.rows); row < threads.first(part + 1, schedule_.rows); ++row)
      clear_uncounted<T>(p_, schedule_, row, out_.x, n_.inputs);
  }

  void begin_deal(State& s) {
    s.masks.fill(p_, n_, schedule_, s.deal);
    for (int64_t q = 0; q < s.deal.count(schedule_.rows); ++q) {
      const int64_t b = schedule_.order[s.deal.row(q)];
      if (group_count_ == 1 || q == 0) memset(sums_of(s, q), 0, size_t(sums_values_) * sizeof(T));
      copy_padded(s.d_h + q * n_.outputs_p, static_cast<const T*>(out_.h_n), b, n_.outputs, n_.outputs_p);
      copy_padded(s.d_c + q * n_.hidden_p, static_cast<const T*>(out_.c_n), b, n_.hidden, n_.hidden_p);
      copy_padded(s.c_first + q * n_.hidden_p, static_cast<const T*>(run_.c), b, n_.hidden, n_.hidden_p);
      if (input_masks_) input_masks_[s.deal.row(q)] = s.masks.input + q * s.masks.input_stride;
    }
  }

  void recur(State& s, int64_t step) {
    const int64_t rows = s.deal.count(schedule_.active(step));
    for (int64_t q = 0; q < rows; ++q) take_sources(s, step, q);
    find_lines(s, step, rows);
    if (p_.projection) project(s, step, rows);
    if (p_.layer_norm)
      for (int64_t q = 0; q < rows; ++q) cell_row_with_layer_norm(s, step, q);
    else
      cells(s, step, rows, 0, n_.tiles);
    through_recurrent(s, step, rows, 0, s.weights().recurrent.columns.groups());
  }

  void recur_by_units(State& s, int64_t first, int64_t last, const Threads& threads) {
    for (int64_t step = last - 1; step >= first; --step) {
      const int64_t rows = s.deal.count(schedule_.active(step)), groups = s.weights().recurrent.columns.groups();
      find_lines(s, step, rows);
      threads.each([&](int64_t part) {
        for (int64_t q = threads.first(part, rows); q < threads.first(part + 1, rows); ++q)
          take_sources(s, step, q);
        cells(s, step, rows, threads.first(part, n_.tiles), threads.first(part + 1, n_.tiles));
      });
      if (reaches_before(step)) threads.each([&](int64_t part) {
        through_recurrent(s, step, rows, threads.first(part, groups), threads.first(part + 1, groups));
      });
    }
  }

  // x~ and h~ of one record, for the gradients of W and U, and where its gradient of x goes.
  void take_sources(State& s, int64_t step, int64_t q) {
    const int64_t row = s.deal.row(q), b = schedule_.order[row], k = in_chunk(s, step, q);
    const Workspace& w = *s.group->workspace;
    const int64_t place = schedule_.place(row, step);
    Value* line = w.sources.row(k);
    masked_copy(line, at<T>(run_.x, b, place), s.masks.input ? s.masks.input + q * s.masks.input_stride : nullptr,
                n_.inputs);
    if (step > 0) fetch(h_before(step - 1, row), 0, n_.outputs);
    masked_copy(line + inputs_end_, h_before(step, row),
                s.masks.recurrent ? s.masks.recurrent + q * n_.outputs_p : nullptr, n_.outputs);
    if (out_.x.data) {
      w.rows_of_records[2 * k] = row;
      w.rows_of_records[2 * k + 1] = place;
    }
  }

  const T* h_before(int64_t step, int64_t row) const {
    const int64_t b = schedule_.order[row];
    if (step == 0) return run_.h ? static_cast<const T*>(run_.h) + b * n_.outputs : zeros_;
    return at<T>(run_.output, b, schedule_.place(row, step - 1));
  }

  // The gradient of the output at one step of a row; NULL where there is none.
  const T* d_output_row(int64_t step, int64_t row) const {
    return out_.output.data ? at<T>(out_.output, schedule_.order[row], schedule_.place(row, step)) : nullptr;
  }

  void find_lines(State& s, int64_t step, int64_t rows) const {
    const Blocks<E>& d_z = s.group->workspace->d_z[0];
    for (int64_t q = 0; q < rows; ++q) {
      const int64_t row = s.deal.row(q);
      Line& line = s.lines[q];
      line.gates = saved_gates(step, row, 0);
      line.c_old = step > 0 ? saved_cells(step - 1, row) : s.c_first + q * n_.hidden_p;
      line.d_output = d_output_row(step, row);
      line.d_h = s.d_h + q * n_.outputs_p;
      line.d_c = s.d_c + q * n_.hidden_p;
      line.sums = sums_of(s, q);
      line.record = in_chunk(s, step, q);
      line.d_z = d_z.row(0, tile_z, line.record);
      line.next_gates = step > 0 ? saved_gates(step - 1, row, 0) : nullptr;
      line.next_c_old = step > 1 ? saved_cells(step - 2, row) : nullptr;
      line.next_d_output = step > 0 ? d_output_row(step - 1, row) : nullptr;
    }
  }

  // The gradient of h of one vector of outputs: what is carried, and what comes from the output. With zoneout the share of
  // the old h stays in what is carried.
  template <bool Plain, bool Full>
  GATECELL_INLINE Vec<T> d_h_new(const Line& line, int64_t unit, Vec<T> old_share) const {
    Vec<T> d_h = load(line.d_h + unit);
    if (line.d_output) {
      const T* given = line.d_output + unit;
      d_h += Full ? load(given) : load_units(given, min_of(n_.outputs - unit, lanes<T>));
    }
    if (Plain || !zoneout_.on) return d_h;
    const Vec<T> passed = old_share * d_h;
    store(line.d_h + unit, passed);
    return d_h - passed;
  }

  GATECELL_INLINE OldShare<T> share(State& s, int64_t step, int64_t q, int64_t unit) const {
    if (!zoneout_.on) return OldShare<T>{};
    const int64_t row = s.deal.row(q);
    return zoneout_.old_share(schedule_.order[row], schedule_.place(row, step), unit);
  }

  void project(State& s, int64_t step, int64_t rows) {
    const Panels<E>& kept = s.group->workspace->d_outputs;
    for (int64_t q = 0; q < rows; ++q) {
      Value* d_out = s.d_out + q * kept.row_stride();
      for (int64_t unit = 0; unit < n_.outputs_p; unit += lanes<T>)
        store_values(d_out + unit,
                     d_h_new<false, false>(s.lines[q], unit, share(s, step, q, unit).h));
      memcpy(kept.row(in_chunk(s, step, q)), d_out, size_t(n_.outputs_p) * sizeof(Value));
    }
    const Left<E> a = left_rows<E>(s.d_out, kept.row_stride(), n_.outputs);
    const Packed<E>& r = s.weights().projection;
    multiply(a, rows, r, 0, r.columns.groups(), s.d_hidden, n_.hidden_p);
  }

  // h before the projection, for the gradient of R.
  void keep_hidden(const Blocks<E>& hidden, int64_t record, int64_t tile, Vec<T> h) {
    const Columns<E> columns{n_.hidden};
    int64_t group = tile * columns.groups() / columns.vectors();
    while (columns.first(group + 1) <= tile) ++group;
    while (columns.first(group) > tile) --group;
    const int64_t first = columns.first(group), vectors = columns.first(group + 1) - first;
    store_values(hidden.row(first * lanes<E>, vectors * lanes<E>, record) + (tile - first) * lanes<E>, h);
  }

  void cells(State& s, int64_t step, int64_t rows, int64_t first, int64_t last) {
    for (int64_t tile = first; tile < last; ++tile) {
      const int64_t next = tile + 1 < last ? tile + 1 : first;
      if (n_.units(tile) < lanes<T>)
        plain_ ? cells_of_tile<true, false>(s, step, rows, tile, next) : cells_of_tile<false, false>(s, step, rows, tile, next);
      else
        plain_ ? cells_of_tile<true, true>(s, step, rows, tile, next) : cells_of_tile<false, true>(s, step, rows, tile, next);
    }
  }

  // What is known of the options (Plain: none of those that act here) and of the tile (Full: a whole vector of units) leaves
  // few instructions beside the arithmetic. `next` is the tile to come, of this step or of the next.
  template <bool Plain, bool Full>
  __attribute__((noinline)) void cells_of_tile(State& s, int64_t step, int64_t rows, int64_t tile, int64_t next) {
    constexpr int64_t most = 8;
    const int64_t unit = tile * lanes<T>, next_unit = next * lanes<T>, units = Full ? lanes<T> : n_.units(tile);
    const int64_t d_z_tile = capacity_ * unit * G;
    const auto p = load_peephole<!Plain>(s.weights().units.peephole, unit);
    Vec<T> bias[G];
    T* sums = nullptr;
    const auto add_bias = [&] {
      for (int g = 0; g < G; ++g) store_units(sums + tile * tile_z + g * units, bias[g], units);
    };
    for (int64_t first = 0; first < rows; first += most) {
      const Line* const lines = s.lines + first;
      const int64_t count = min_of(most, rows - first);
      // in two passes, lest each row wait for its own tanh: the processor overlaps what several rows do
      Vec<T> seen[most];
      for (int64_t r = 0; r < count; ++r) {
        const Gates<T> v = load_gates<T, G>(lines[r].gates + tile * tile_z);
        seen[r] = tanh<T>(new_c(v, load(lines[r].c_old + unit)));
      }
      for (int64_t r = 0; r < count; ++r) {
        const Line& line = lines[r];
        if (line.sums != sums) {
          if (sums) add_bias();
          sums = line.sums;
          for (int g = 0; g < G; ++g) bias[g] = load_units(sums + tile * tile_z + g * units, units);
        }
        fetch(next > tile ? line.gates : line.next_gates, next * tile_z, tile_z);
        fetch(next > tile ? line.c_old : line.next_c_old, next_unit, 1);
        if (next_unit < n_.outputs) fetch(next > tile ? line.d_output : line.next_d_output, next_unit, 1);
        const Gates<T> v = load_gates<T, G>(line.gates + tile * tile_z);
        const Vec<T> c_old = load(line.c_old + unit);
        OldShare<T> kept{};
        if (!Plain) kept = share(s, step, first + r, unit);
        Vec<T> d_h, d_c = load(line.d_c + unit), d_z[G];
        if (!Plain && p_.projection) {
          d_h = load(s.d_hidden + (first + r) * n_.hidden_p + unit);
          keep_hidden(s.group->workspace->hidden, line.record, tile, v.o * seen[r]);
        } else {
          d_h = d_h_new<Plain, Plain && Full>(line, unit, kept.h);
        }
        const Vec<T> passed = kept.c * d_c;
        if (!Plain) d_c -= passed;
        d_c = fma(d_h * v.o, tanh_slope<T>(seen[r]), d_c);
        const Vec<T> d_c_old = cell_backward<T, G>(v, c_old, d_h * seen[r], d_c, p, d_z);
        store(line.d_c + unit, Plain ? d_c_old : d_c_old + passed);
        for (int g = 0; g < G; ++g) bias[g] += d_z[g];
        if (!Plain && p_.peephole) add_peephole(UnitSums::carve(sums, n_, p_), unit, d_z, c_old, new_c(v, c_old));
        if constexpr (Full)
          for (int g = 0; g < G; ++g) store_values(line.d_z + d_z_tile + g * lanes<T>, d_z[g]);
        else
          store_z(d_z_row(s.group->workspace->d_z[0], tile, line.record), tile, d_z);
      }
    }
    if (sums) add_bias();
  }

  // The next row's values lie elsewhere, which the processor does not foresee.
  static GATECELL_INLINE void fetch(const T* row, int64_t first, int64_t count) {
    if (!row) return;
    for (int64_t k = 0; k < count; k += 64 / int64_t(sizeof(T))) __builtin_prefetch(row + first + k);
  }

  static GATECELL_INLINE Vec<T> new_c(const Gates<T>& v, Vec<T> c_old) { return fma(v.f, c_old, v.i * v.g); }

  static void add_peephole(const UnitSums& sums, int64_t unit, const Vec<T> (&d_z)[G], Vec<T> c_old, Vec<T> c) {
    using order = Order<G>;
    if constexpr (!order::coupled) add(sums.peephole[0] + unit, d_z[order::i] * c_old);
    add(sums.peephole[1] + unit, d_z[order::f] * c_old);
    add(sums.peephole[2] + unit, d_z[order::o] * c);
  }

  void cell_row_with_layer_norm(State& s, int64_t step, int64_t q) {
    const Line& line = s.lines[q];
    const UnitParameters<T>& units = s.weights().units;
    const int64_t row = s.deal.row(q), k = line.record, size = n_.hidden_p;
    T* c_now = s.row;
    T* normed = s.row + size;
    T* d_normed = s.row + 2 * size;
    T* d_o = s.row + 3 * size;
    T* d_z_line = s.row + 4 * size;
    T* d_norm_line = d_z_line + n_.z;
    const UnitSums sums = UnitSums::carve(line.sums, n_, p_);
    const T* const c_old = line.c_old;

    for (int64_t tile = 0; tile < n_.tiles; ++tile) {
      const int64_t unit = tile * lanes<T>;
      store(c_now + unit, new_c(load_gates<T, G>(line.gates + tile * tile_z), load(c_old + unit)));
    }
    const Moments<T> m = moments(c_now, n_.hidden);
    NormGradient<T> of_c;
    for (int64_t tile = 0; tile < n_.tiles; ++tile) {
      const int64_t unit = tile * lanes<T>;
      const Vec<T> o = load_gates<T, G>(line.gates + tile * tile_z).o;
      const Vec<T> gain = load(units.norm_cell[0] + unit), shift = load(units.norm_cell[1] + unit);
      const Vec<T> n = (load(c_now + unit) - m.mean) * m.inverse_deviation, seen = tanh<T>(fma(n, gain, shift));
      Vec<T> d_h;
      if (p_.projection) {
        d_h = load(s.d_hidden + q * size + unit);
        keep_hidden(s.group->workspace->hidden, k, tile, o * seen);
      } else {
        d_h = d_h_new<false, false>(line, unit, share(s, step, q, unit).h);
      }
      const Vec<T> d_inside = d_h * o * tanh_slope<T>(seen);
      store(normed + unit, n);
      store(d_normed + unit, d_inside * gain);
      of_c.add(n, d_inside * gain);
      store(d_o + unit, d_h * seen);
      add(sums.norm_cell[0] + unit, d_inside * n);
      add(sums.norm_cell[1] + unit, d_inside);
    }
    of_c.finish(n_.hidden, m.inverse_deviation);
    store(d_z_line + n_.z - lanes<T>, Vec<T>{});  // what fills up the last vector
    for (int64_t tile = 0; tile < n_.tiles; ++tile) {
      const int64_t unit = tile * lanes<T>;
      const Vec<T> before = load(c_old + unit), d_c = load(line.d_c + unit), passed = share(s, step, q, unit).c * d_c;
      fetch(line.next_gates, tile * tile_z, tile_z);
      fetch(line.next_c_old, unit, 1);
      fetch(line.next_d_output, unit, 1);
      Vec<T> d_z[G];
      Vec<T> d_seen = of_c.of(load(normed + unit), load(d_normed + unit));
      if (n_.units(tile) < lanes<T>) d_seen = keep_first<T>(d_seen, n_.units(tile));
      const Vec<T> d_c_old = cell_backward<T, G>(load_gates<T, G>(line.gates + tile * tile_z), before, load(d_o + unit),
                                                 d_seen + (d_c - passed), load_peephole<true>(s.weights().units.peephole, unit), d_z);
      store(line.d_c + unit, d_c_old + passed);
      if (p_.peephole) add_peephole(sums, unit, d_z, before, load(c_now + unit));
      store_z(d_z_line + tile * tile_z, tile, d_z);
    }
    for (int64_t i = 0; i < n_.z; i += lanes<T>) add(sums.bias + i, load(d_z_line + i));
    const int64_t record = schedule_.records[step] + row;
    const int64_t next = step > 0 ? schedule_.records[step - 1] + row : record;
    const T* saved[] = {saved_.norm_input, saved_.norm_recurrent};
    const T* gains[] = {units.norm_input, units.norm_recurrent};
    T* gain_sums[] = {sums.norm_input, sums.norm_recurrent};
    for (int part = 0; part < 2; ++part) {
      const T* const kept = saved[part] + record * n_.z;
      NormGradient<T> of_z;
      for (int64_t i = 0; i < n_.z; i += lanes<T>) {
        const Vec<T> n = load(kept + i), d_z = load(d_z_line + i), d = d_z * load(gains[part] + i);
        fetch(saved[part] + next * n_.z, i, lanes<T>);
        add(gain_sums[part] + i, d_z * n);
        store(d_norm_line + i, d);
        of_z.add(n, d);
      }
      of_z.finish(n_.hidden * G, saved_.deviations[record * 2 + part]);
      for (int64_t tile = 0; tile < n_.tiles; ++tile) {
        Value* const to = d_z_row(s.group->workspace->d_z[part], tile, k);
        for (int64_t i = 0; i < n_.width(tile); i += lanes<T>)
          store_values(to + i, of_z.of(load(kept + tile * tile_z + i), load(d_norm_line + tile * tile_z + i)));
      }
    }
  }

  // Whether someone wants the gradient of h before this step.
  bool reaches_before(int64_t step) const { return step > 0 || out_.h; }

  // d_h of the step before: U^T d_z under the dropout mask, and what zoneout passed on.
  void through_recurrent(State& s, int64_t step, int64_t rows, int64_t first_group, int64_t last_group) {
    if (!reaches_before(step)) return;
    const bool passed = zoneout_.on;
    const Packed<E>& recurrent = s.weights().recurrent;
    T* const to = passed ? s.from_z : s.d_h;
    multiply_z(s.group->workspace->d_z[1], in_chunk(s, step, 0), s.place_stride, rows, recurrent, first_group, last_group,
               to, n_.outputs_p);
    if (!passed && !s.masks.recurrent) return;
    const int64_t first = recurrent.columns.first(first_group) * lanes<T>;
    const int64_t last = recurrent.columns.first(last_group) * lanes<T>;
    const T* const mask = s.masks.recurrent;
    for (int64_t q = 0; q < rows; ++q)
      for (int64_t place = q * n_.outputs_p + first; place < q * n_.outputs_p + last; place += lanes<T>) {
        Vec<T> value = load(to + place);
        if (mask) value *= load(mask + place);
        store(s.d_h + place, passed ? load(s.d_h + place) + value : value);
      }
  }

  // to = the gradients of z of some records times a packed matrix.
  void multiply_z(const Blocks<E>& d_z, int64_t record, int64_t stride, int64_t rows, const Packed<E>& w, int64_t first_group,
                  int64_t last_group, T* to, int64_t to_stride) {
    const int64_t full = n_.hidden / lanes<T>, rest = n_.hidden % lanes<T>;
    if (full > 0) {
      Left<E> a = left_rows<E>(d_z_row(d_z, 0, record), stride * tile_z, tile_z);
      a.pieces = full;
      a.piece_stride = capacity_ * tile_z / depth<E>;
      multiply(a, rows, w, first_group, last_group, to, to_stride);
    }
    if (rest > 0) {
      const Left<E> a = left_rows<E>(d_z_row(d_z, full, record), stride * n_.width(full), G * rest);
      multiply(a, rows, w, first_group, last_group, to, to_stride, full * tile_z / depth<E>);
    }
  }

  void join_records(const Group& g, int64_t records, int64_t part, const Threads& threads) {
    const Workspace& w = *g.workspace;
    const int64_t pairs = operands<E>(records), first = threads.first(part, pairs), last = threads.first(part + 1, pairs);
    w.sources.join(first, last, records);
    for (int z = 0; z < (p_.layer_norm ? 2 : 1); ++z)
      for (int64_t tile = 0; tile < n_.tiles; ++tile) w.d_z[z].join(tile * tile_z, n_.width(tile), first, last, records);
    if (!p_.projection) return;
    w.d_outputs.join(first, last, records);
    const Columns<E> columns{n_.hidden};
    for (int64_t group = 0; group < columns.groups(); ++group) {
      const int64_t begin = columns.first(group) * lanes<E>, end = columns.first(group + 1) * lanes<E>;
      w.hidden.join(begin, end - begin, first, last, records);
    }
  }

  // `more`: there are sums of later steps, to which these are added. `whole`: no earlier steps are to come.
  void sum_over_records(const Group& g, int64_t records, bool more, bool whole, int64_t part, const Threads& threads) {
    const Workspace& w = *g.workspace;
    // h~ of the first step is 0 where no state is given
    const int64_t first_of_recurrent = whole && !run_.h ? g.records[1] / depth<E> * depth<E> : 0;
    // shared out by vectors, not by pieces: those of the last tile may be few
    const int64_t panels = w.sources.count(), vectors = panels * n_.z / lanes<T>;
    const int64_t begin = threads.first(part, vectors), end = threads.first(part + 1, vectors);
    const Sums* const into = whole ? g.into : nullptr;
    int64_t before = 0;
    for (int64_t tile = 0; tile < n_.tiles; ++tile) {
      const int64_t width = n_.width(tile);
      for (int64_t panel = 0; panel < panels; ++panel, before += width / lanes<T>) {
        if (before < begin || before >= end) continue;
        const bool recurrent = panel * w.sources.width >= inputs_end_;
        const int64_t first = recurrent ? first_of_recurrent : 0, place = tile * gate_sums() + panel * w.sources.width * width;
        add_products<tile_rows<G>>(w.sources.panel(panel, first, records),
                                   w.d_z[recurrent ? 1 : 0].block(tile * tile_z) + first / depth<E> * width,
                                   width / lanes<T>, more, g.sums.gates + place, into ? into->gates + place : nullptr);
      }
    }
    if (p_.projection) sum_projection(g, records, more, into, part, threads);
    if (out_.x.data) write_inputs(w, threads.first(part, records), threads.first(part + 1, records),
                                 w.input_scratch + part * input_rows * w.weights.input.columns.padded());
  }

  void sum_projection(const Group& g, int64_t records, bool more, const Sums* into, int64_t part, const Threads& threads) {
    const Workspace& w = *g.workspace;
    const Columns<E> columns{n_.hidden};
    const int64_t panels = w.d_outputs.count(), pieces = columns.groups() * panels;
    for (int64_t piece = threads.first(part, pieces); piece < threads.first(part + 1, pieces); ++piece) {
      const int64_t group = piece / panels, panel = piece % panels;
      const int64_t first = columns.first(group), vectors = columns.first(group + 1) - first;
      const int64_t place = first * lanes<T> * panels * w.d_outputs.width +
                            panel * w.d_outputs.width * vectors * lanes<T>;
      add_products<tile_rows<4>>(w.d_outputs.panel(panel, 0, records), w.hidden.block(first * lanes<E>), vectors, more,
                                 g.sums.projection + place, into ? into->projection + place : nullptr);
    }
  }

  // sums[r][n] (+)= left[record][r] * right[record][n], for R columns on the left and some vectors on the right; with `into`
  // they are added there instead, and `sums` is done with.
  template <int R>
  static void add_products(const Left<E>& left, const E* right, int64_t vectors, bool more, T* sums, T* into) {
    const int64_t width = vectors * lanes<T>;
    alignas(64) T found[R * 4 * lanes<T>];
    for_tile<E>(vectors, R)(left, right, more ? sums : nullptr, width, into ? found : sums, width);
    if (into) add_all(into, found, R * width);
  }

  // The gradient of x of some of the chunk's records: W^T d_z under the dropout mask.
  void write_inputs(const Workspace& w, int64_t first, int64_t last, T* scratch) {
    const Packed<E>& input = w.weights.input;
    const int64_t width = input.columns.padded();
    for (int64_t begin = first; begin < last; begin += input_rows) {
      const int64_t count = min_of(input_rows, last - begin);
      multiply_z(w.d_z[0], begin, 1, count, input, 0, input.columns.groups(), scratch, width);
      for (int64_t r = 0; r < count; ++r) {
        const int64_t row = w.rows_of_records[2 * (begin + r)], place = w.rows_of_records[2 * (begin + r) + 1];
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

  void add_gate_sums(const Sums& to, const Sums& from, int64_t tile) const {
    const Panels<E>& sources = workspaces_->sources;
    add_all(to.gates + tile * gate_sums(), from.gates + tile * gate_sums(),
            sources.count() * sources.width * n_.width(tile));
  }

  void write_weights(const Threads& threads, int64_t first, int64_t last) {
    for (int64_t tile = first; tile < last; ++tile) {
      for_pairs_of_threads(threads, [&](const Sums& to, const Sums& from) { add_gate_sums(to, from, tile); });
      const T* sums = groups_->sums.gates + tile * gate_sums();
      for (int64_t gate = 0; gate < G; ++gate) {
        const int64_t units = n_.units(tile), width = n_.width(tile), first_row = gate * n_.hidden + tile * lanes<T>;
        const T* from = sums + gate * units;
        unpack_transposed(from, width, static_cast<T*>(out_.weights.input) + first_row * n_.inputs, units, n_.inputs);
        unpack_transposed(from + inputs_end_ * width, width,
                          static_cast<T*>(out_.weights.recurrent) + first_row * n_.outputs, units, n_.outputs);
      }
    }
  }

  // to += from, over whole vectors
  static void add_all(T* to, const T* from, int64_t count) {
    for (int64_t k = 0; k < count; k += lanes<T>) add(to + k, load(from + k));
  }

  // Sums over groups, or over rows in the order of the schedule, and the gradient of R.
  void write_unit_gradients(const Threads& threads) {
    const FlushDenormals flush;
    T* const total = total_;
    memset(total, 0, size_t(sums_values_) * sizeof(T));
    for (int64_t n = 0; n < sums_count_; ++n) add_all(total, sums_ + n * sums_values_, sums_values_);
    const UnitSums sums = UnitSums::carve(total, n_, p_);
    const gatecell_weights& to = out_.weights;
    if (to.bias) unpack_units(sums.bias, n_.hidden, G, static_cast<T*>(to.bias));
    if (to.norm_input) unpack_units(sums.norm_input, n_.hidden, G, static_cast<T*>(to.norm_input));
    if (to.norm_recurrent) unpack_units(sums.norm_recurrent, n_.hidden, G, static_cast<T*>(to.norm_recurrent));
    for (int part = 0; part < 2; ++part)
      if (to.norm_cell) unpack_units(sums.norm_cell[part], n_.hidden, 1, static_cast<T*>(to.norm_cell) + part * n_.hidden);
    constexpr int first_gate = G == 3 ? 1 : 0;  // without i when coupled
    for (int gate = first_gate; gate < 3; ++gate)
      if (to.peephole)
        unpack_units(sums.peephole[gate], n_.hidden, 1, static_cast<T*>(to.peephole) + (gate - first_gate) * n_.hidden);
    if (to.projection) {
      for_pairs_of_threads(threads, [&](const Sums& to, const Sums& from) {
        add_all(to.projection, from.projection, projection_sums());
      });
      const Columns<E> columns{n_.hidden};
      for (int64_t group = 0; group < columns.groups(); ++group) {
        const int64_t begin = columns.first(group) * lanes<T>, end = columns.first(group + 1) * lanes<T>;
        const T* from = groups_->sums.projection + begin * workspaces_->d_outputs.count() * workspaces_->d_outputs.width;
        for (int64_t m = 0; m < n_.outputs; ++m)
          for (int64_t c = begin; c < min_of(end, n_.hidden); ++c)
            static_cast<T*>(to.projection)[m * n_.hidden + c] = from[m * (end - begin) + c - begin];
      }
    }
  }

  void write_states(State& s) {
    for (int64_t q = 0; q < s.deal.count(schedule_.rows); ++q) {
      const int64_t b = schedule_.order[s.deal.row(q)];
      if (out_.h)
        memcpy(static_cast<T*>(out_.h) + b * n_.outputs, s.d_h + q * n_.outputs_p, size_t(n_.outputs) * sizeof(T));
      if (out_.c)
        memcpy(static_cast<T*>(out_.c) + b * n_.hidden, s.d_c + q * n_.hidden_p, size_t(n_.hidden) * sizeof(T));
    }
  }

  T* sums_of(const State& s, int64_t q) const {
    return sums_ + (group_count_ > 1 ? s.group - groups_ : s.deal.row(q)) * sums_values_;
  }
  static void add(T* to, Vec<T> value) { store(to, load(to) + value); }

  static int64_t in_chunk(const State& s, int64_t step, int64_t q) {
    return s.group->records[step] - s.group->base + s.place + q * s.place_stride;
  }
  int64_t gate_sums() const { return workspaces_->sources.count() * workspaces_->sources.width * tile_z; }
  int64_t projection_sums() const {
    return workspaces_->d_outputs.count() * workspaces_->d_outputs.width * n_.hidden_p;
  }
  Value* d_z_row(const Blocks<E>& d_z, int64_t tile, int64_t record) const {
    return d_z.row(tile * tile_z, n_.width(tile), record);
  }
  // One tile of a row of z.
  template <class Number>
  void store_z(Number* to, int64_t tile, const Vec<T> (&d_z)[G]) const {
    const int64_t units = n_.units(tile);
    if (units == lanes<T>) {
      for (int g = 0; g < G; ++g) store_values(to + g * lanes<T>, d_z[g]);
    } else if constexpr (sizeof(Number) == sizeof(T)) {
      for (int g = 0; g < G; ++g) store_first(to + g * units, d_z[g], units);
    } else {
      // whole vectors: a gate may begin within a pair, and the last pair must be filled up with 0
      T line[tile_z] = {};
      for (int g = 0; g < G; ++g) store_first(line + g * units, d_z[g], units);
      for (int64_t k = 0; k < n_.width(tile); k += lanes<T>) store_values(to + k, load(line + k));
    }
  }
  const T* saved_gates(int64_t step, int64_t row, int64_t tile) const {
    return saved_.gates + ((schedule_.records[step] + row) * n_.tiles + tile) * tile_z;
  }
  const T* saved_cells(int64_t step, int64_t row) const {
    return saved_.cells + (schedule_.records[step] + row) * n_.hidden_p;
  }
  const gatecell_problem& p_;
  const Sizes<E> n_;
  const Schedule& schedule_;
  const gatecell_weights& given_;
  const gatecell_run& run_;
  const gatecell_gradients& out_;
  Arena& arena_;
  const Zoneout<T> zoneout_;
  const bool plain_;  // no option acts on cells one by one
  Saved<T> saved_{};

  int64_t capacity_ = 0;    // records of a chunk, at most
  int64_t inputs_end_ = 0;  // the column of the sources at which h~ begins
  Workspace* workspaces_ = nullptr;
  Group* groups_ = nullptr;
  int64_t group_count_ = 0;
  bool by_group_ = false;  // each group stays on one thread
  bool by_units_ = false;  // all threads share in each step
  const T** input_masks_ = nullptr;  // by sorted row

  T* zeros_ = nullptr;         // an initial h that is not given, of one row
  T* sums_ = nullptr;          // [groups, or rows where there is one group][sums_values_]
  T* total_ = nullptr;         // [sums_values_]
  int64_t sums_count_ = 0, sums_values_ = 0;
};

}  // namespace gatecell::GATECELL_ISA_NAME
