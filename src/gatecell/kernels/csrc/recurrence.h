// The recurrence of the backward pass: gradients of the pre-activations z, step by step.
#pragma once
#include "cell.h"
#include "group.h"
#include "norm.h"
#include "rows.h"
#include "unit_sums.h"

namespace gatecell::GATECELL_ISA_NAME {

template <class E, int G>
class Recurrence {
  using T = SumOf<E>;
  using Value = ValueOf<E>;

  // What one row reads and writes at the step at hand.
  struct Line {
    const T *gates, *c_old;  // of all tiles
    const T* d_output;       // NULL where there is none
    T *d_h, *d_c;
    T* sums;
    Value* d_z;              // of the first tile, if it is a full one
    int64_t record;          // of the chunk
    const T *next_gates, *next_c_old;  // those of the step that comes next; NULL where there are none
  };

 public:
  // What is carried from step to step; row q of each array is row deal.row(q) of the schedule.
  struct State {
    Deal deal;
    Group<E, G>* group;
    int64_t place, place_stride;  // row q is row place + q * place_stride of the group
    T* unit_sums;                 // of row q at q * unit_sums_stride
    int64_t unit_sums_stride;
    T* d_h;       // [rows][outputs_p]
    T* from_z;    // zoneout: [rows][outputs_p], U^T d_z
    T* d_c;       // [rows][hidden_p]
    T* c_first;   // [rows][hidden_p], the cell states before the first step
    Line* lines;  // [rows]
    DropoutMasks<T> masks;
    T* d_hidden;   // projection: [rows][hidden_p], of h before it
    Value* d_out;  // projection: [rows][row of d_outputs], of h behind it, without what zoneout carries
    T* row;        // layer_norm: [4][hidden_p] and [2][z], of one row

    const BackwardWeights<E>& weights() const { return group->workspace->weights; }
    const Chunk<E, G>& chunk() const { return group->workspace->chunk; }
  };

  Recurrence(const gatecell_problem& problem, const Sizes<E>& sizes, const Schedule& schedule, const gatecell_run& run,
             const gatecell_gradients& gradients, Arena& arena)
      : p_(problem), n_(sizes), schedule_(schedule), run_(run), out_(gradients), zoneout_(problem),
        plain_(plain_cells<T>(problem)), unit_values_(UnitSums<T>::carve(nullptr, sizes, problem).values) {
    Carver carver(run.saved);
    saved_ = Saved<T>::carve(carver, n_, problem, schedule.total());
    if (!run_.h) {
      zeros_ = arena.array<T>(n_.outputs_p);
      if (zeros_) memset(zeros_, 0, size_t(n_.outputs_p) * sizeof(T));
    }
  }

  // How many values the sums of single units take.
  int64_t unit_values() const { return unit_values_; }

  State allocate(const Deal& deal, Group<E, G>* group, Arena& arena) const {
    const int64_t rows = deal.count(schedule_.rows);
    State s{};
    s.deal = deal;
    s.group = group;
    s.d_h = arena.array<T>(rows * n_.outputs_p);
    if (zoneout_.on) s.from_z = arena.array<T>(rows * n_.outputs_p);
    s.d_c = arena.array<T>(rows * n_.hidden_p);
    s.c_first = arena.array<T>(rows * n_.hidden_p);
    s.lines = arena.array<Line>(rows);
    s.masks = DropoutMasks<T>::allocate(p_, n_, rows, arena);
    if (p_.projection) {
      s.d_hidden = arena.array<T>(rows * n_.hidden_p);
      const int64_t values = rows * s.chunk().d_outputs.row_stride();
      s.d_out = arena.array<Value>(values);
      if (s.d_out) memset(static_cast<void*>(s.d_out), 0, size_t(values) * sizeof(Value));
    }
    if (p_.layer_norm) s.row = arena.array<T>(4 * n_.hidden_p + 2 * n_.z);
    return s;
  }

  void begin(State& s) const {
    s.masks.fill(p_, n_, schedule_, s.deal);
    for (int64_t q = 0; q < s.deal.count(schedule_.rows); ++q) {
      const int64_t b = schedule_.order[s.deal.row(q)];
      if (q == 0 || s.unit_sums_stride > 0)
        memset(s.unit_sums + q * s.unit_sums_stride, 0, size_t(unit_values_) * sizeof(T));
      copy_padded(s.d_h + q * n_.outputs_p, static_cast<const T*>(out_.h_n), b, n_.outputs, n_.outputs_p);
      copy_padded(s.d_c + q * n_.hidden_p, static_cast<const T*>(out_.c_n), b, n_.hidden, n_.hidden_p);
      copy_padded(s.c_first + q * n_.hidden_p, static_cast<const T*>(run_.c), b, n_.hidden, n_.hidden_p);
    }
  }

  // The steps last-1 down to first, by one thread.
  void run(State& s, int64_t first, int64_t last) const {
    for (int64_t step = last - 1; step >= first; --step) {
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
  }

  // The same by all threads, which share in each step.
  void run_by_units(State& s, int64_t first, int64_t last, const Threads& threads) const {
    const int64_t groups = s.weights().recurrent.columns.groups();
    for (int64_t step = last - 1; step >= first; --step) {
      const int64_t rows = s.deal.count(schedule_.active(step));
      find_lines(s, step, rows);
      threads.each([&](int64_t part) {
        for (int64_t q = threads.first(part, rows); q < threads.first(part + 1, rows); ++q) take_sources(s, step, q);
        cells(s, step, rows, threads.first(part, n_.tiles), threads.first(part + 1, n_.tiles));
      });
      if (!reaches_before(step)) continue;
      threads.each([&](int64_t part) {
        through_recurrent(s, step, rows, threads.first(part, groups), threads.first(part + 1, groups));
      });
    }
  }

  // The gradients of the states before the first step, where they are asked for.
  void write(const State& s) const {
    for (int64_t q = 0; q < s.deal.count(schedule_.rows); ++q) {
      const int64_t b = schedule_.order[s.deal.row(q)];
      if (out_.h)
        memcpy(static_cast<T*>(out_.h) + b * n_.outputs, s.d_h + q * n_.outputs_p, size_t(n_.outputs) * sizeof(T));
      if (out_.c)
        memcpy(static_cast<T*>(out_.c) + b * n_.hidden, s.d_c + q * n_.hidden_p, size_t(n_.hidden) * sizeof(T));
    }
  }

 private:
  static constexpr int64_t tile_z = G * lanes<T>;
  static constexpr int64_t tiles_ahead = 3;  // what was saved may have to come from main memory

  // x~ and h~ of one record, for the gradients of W and U, and where its gradient of x goes.
  void take_sources(State& s, int64_t step, int64_t q) const {
    const int64_t row = s.deal.row(q), b = schedule_.order[row], k = in_chunk(s, step, q);
    const Chunk<E, G>& chunk = s.chunk();
    const int64_t place = schedule_.place(row, step);
    Value* line = chunk.sources.row(k);
    masked_copy(line, at<T>(run_.x, b, place), s.masks.input ? s.masks.input + q * s.masks.input_stride : nullptr,
                n_.inputs);
    // what the row reads at the step that comes next lies far from this in memory, so that it is asked for now
    if (step > 0) {
      fetch(h_before(step - 1, row), n_.outputs);
      fetch(at<T>(run_.x, b, schedule_.place(row, step - 1)), n_.inputs);
      if (out_.output.data) fetch(d_output_row(step - 1, row), n_.outputs);
    }
    masked_copy(line + chunk.inputs_end, h_before(step, row),
                s.masks.recurrent ? s.masks.recurrent + q * n_.outputs_p : nullptr, n_.outputs);
    if (out_.x.data) {
      chunk.rows_of_records[2 * k] = row;
      chunk.rows_of_records[2 * k + 1] = place;
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
    const Blocks<E>& d_z = s.chunk().d_z[0];
    for (int64_t q = 0; q < rows; ++q) {
      const int64_t row = s.deal.row(q);
      Line& line = s.lines[q];
      line.gates = saved_gates(step, row, 0);
      line.c_old = step > 0 ? saved_cells(step - 1, row) : s.c_first + q * n_.hidden_p;
      line.d_output = d_output_row(step, row);
      line.d_h = s.d_h + q * n_.outputs_p;
      line.d_c = s.d_c + q * n_.hidden_p;
      line.sums = s.unit_sums + q * s.unit_sums_stride;
      line.record = in_chunk(s, step, q);
      line.d_z = d_z.row(0, tile_z, line.record);
      line.next_gates = step > 0 ? saved_gates(step - 1, row, 0) : nullptr;
      line.next_c_old = step > 1 ? saved_cells(step - 2, row) : nullptr;
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

  void project(State& s, int64_t step, int64_t rows) const {
    const Panels<E>& kept = s.chunk().d_outputs;
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

  void cells(State& s, int64_t step, int64_t rows, int64_t first, int64_t last) const {
    for (int64_t tile = first; tile < last; ++tile) {
      const int64_t ahead = tile + min_of(tiles_ahead, last - first), next = ahead < last ? ahead : ahead - (last - first);
      if (n_.units(tile) < lanes<T>)
        plain_ ? cells_of_tile<true, false>(s, step, rows, tile, next) : cells_of_tile<false, false>(s, step, rows, tile, next);
      else
        plain_ ? cells_of_tile<true, true>(s, step, rows, tile, next) : cells_of_tile<false, true>(s, step, rows, tile, next);
    }
  }

  // What is known of the options (Plain: none of those that act here) and of the tile (Full: a whole vector of units) leaves
  // few instructions beside the arithmetic. `next` is a tile to come: of this step if it is higher than `tile`, else of the next.
  template <bool Plain, bool Full>
  __attribute__((noinline)) void cells_of_tile(State& s, int64_t step, int64_t rows, int64_t tile, int64_t next) const {
    constexpr int64_t most = 8;
    const int64_t unit = tile * lanes<T>, next_unit = next * lanes<T>, units = Full ? lanes<T> : n_.units(tile);
    const int64_t d_z_tile = s.chunk().capacity() * unit * G;
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
        fetch_from(next > tile ? line.gates : line.next_gates, next * tile_z, tile_z);
        fetch_from(next > tile ? line.c_old : line.next_c_old, next_unit, 1);
        const Gates<T> v = load_gates<T, G>(line.gates + tile * tile_z);
        const Vec<T> c_old = load(line.c_old + unit);
        OldShare<T> kept{};
        if (!Plain) kept = share(s, step, first + r, unit);
        Vec<T> d_h, d_c = load(line.d_c + unit), d_z[G];
        if (!Plain && p_.projection) {
          d_h = load(s.d_hidden + (first + r) * n_.hidden_p + unit);
          s.chunk().keep_hidden(line.record, tile, v.o * seen[r]);
        } else {
          d_h = d_h_new<Plain, Plain && Full>(line, unit, kept.h);
        }
        const Vec<T> passed = kept.c * d_c;
        if (!Plain) d_c -= passed;
        d_c = fma(d_h * v.o, tanh_slope<T>(seen[r]), d_c);
        const Vec<T> d_c_old = cell_backward<T, G>(v, c_old, d_h * seen[r], d_c, p, d_z);
        store(line.d_c + unit, Plain ? d_c_old : d_c_old + passed);
        for (int g = 0; g < G; ++g) bias[g] += d_z[g];
        if (!Plain && p_.peephole) UnitSums<T>::carve(sums, n_, p_).add_peephole(unit, d_z, c_old, new_c(v, c_old));
        if constexpr (Full)
          for (int g = 0; g < G; ++g) store_values(line.d_z + d_z_tile + g * lanes<T>, d_z[g]);
        else
          store_z(s.chunk().d_z_row(0, tile, line.record), tile, d_z);
      }
    }
    if (sums) add_bias();
  }

  // What a tile to come reads of a row; NULL where there is none.
  static GATECELL_INLINE void fetch_from(const T* row, int64_t first, int64_t count) {
    if (row) fetch(row + first, count);
  }

  static GATECELL_INLINE Vec<T> new_c(const Gates<T>& v, Vec<T> c_old) { return fma(v.f, c_old, v.i * v.g); }

  void cell_row_with_layer_norm(State& s, int64_t step, int64_t q) const {
    const Line& line = s.lines[q];
    const UnitParameters<T>& units = s.weights().units;
    const int64_t row = s.deal.row(q), k = line.record, size = n_.hidden_p;
    T* c_now = s.row;
    T* normed = s.row + size;
    T* d_normed = s.row + 2 * size;
    T* d_o = s.row + 3 * size;
    T* d_z_line = s.row + 4 * size;
    T* d_norm_line = d_z_line + n_.z;
    const UnitSums<T> sums = UnitSums<T>::carve(line.sums, n_, p_);
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
        s.chunk().keep_hidden(k, tile, o * seen);
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
      fetch_from(line.next_gates, tile * tile_z, tile_z);
      fetch_from(line.next_c_old, unit, 1);
      Vec<T> d_z[G];
      Vec<T> d_seen = of_c.of(load(normed + unit), load(d_normed + unit));
      if (n_.units(tile) < lanes<T>) d_seen = keep_first<T>(d_seen, n_.units(tile));
      const Vec<T> d_c_old = cell_backward<T, G>(load_gates<T, G>(line.gates + tile * tile_z), before, load(d_o + unit),
                                                 d_seen + (d_c - passed), load_peephole<true>(s.weights().units.peephole, unit), d_z);
      store(line.d_c + unit, d_c_old + passed);
      if (p_.peephole) sums.add_peephole(unit, d_z, before, load(c_now + unit));
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
        fetch(saved[part] + next * n_.z + i, lanes<T>);
        add(gain_sums[part] + i, d_z * n);
        store(d_norm_line + i, d);
        of_z.add(n, d);
      }
      of_z.finish(n_.hidden * G, saved_.deviations[record * 2 + part]);
      for (int64_t tile = 0; tile < n_.tiles; ++tile) {
        Value* const to = s.chunk().d_z_row(part, tile, k);
        for (int64_t i = 0; i < n_.width(tile); i += lanes<T>)
          store_values(to + i, of_z.of(load(kept + tile * tile_z + i), load(d_norm_line + tile * tile_z + i)));
      }
    }
  }

  // Whether someone wants the gradient of h before this step.
  bool reaches_before(int64_t step) const { return step > 0 || out_.h; }

  // d_h of the step before: U^T d_z under the dropout mask, and what zoneout passed on.
  void through_recurrent(State& s, int64_t step, int64_t rows, int64_t first_group, int64_t last_group) const {
    if (!reaches_before(step)) return;
    const bool passed = zoneout_.on;
    const Packed<E>& recurrent = s.weights().recurrent;
    T* const to = passed ? s.from_z : s.d_h;
    s.chunk().multiply_z(1, in_chunk(s, step, 0), s.place_stride, rows, recurrent, first_group, last_group, to,
                         n_.outputs_p);
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

  static int64_t in_chunk(const State& s, int64_t step, int64_t q) {
    return s.group->records[step] - s.group->base + s.place + q * s.place_stride;
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
  const gatecell_run& run_;
  const gatecell_gradients& out_;
  const Zoneout<T> zoneout_;
  const bool plain_;  // no option acts on cells one by one
  const int64_t unit_values_;
  Saved<T> saved_{};
  T* zeros_ = nullptr;  // an initial h that is not given, of one row
};

}  // namespace gatecell::GATECELL_ISA_NAME
