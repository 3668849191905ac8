// The backward pass; ../README.md derives it.
//
// Time runs backwards in chunks of steps. Within a chunk, first the recurrence: gradients of the pre-activations z, step
// by step. Then the sums over the chunk's records, with those gradients still in cache: the gradients of W, U, R and x.
// Each sum runs over records in the order of the schedule, whichever thread does it, so that gradients do not depend on
// the number of threads.
//
// What is summed over records must lie in operands along them. Numbers are written so at once; values of pairs are written
// row by row, and two records of the chunk are then joined into pairs.
#pragma once
#include "cell.h"
#include "norm.h"
#include "pack.h"
#include "rows.h"
#include "threads.h"

namespace gatecell::GATECELL_ISA_NAME {

// The left factors of sums over records, in panels of `width` columns: [panel][operands of records][width].
template <class E>
struct Panels {
  using Value = ValueOf<E>;

  E* data;
  int64_t columns, records, width;
  Value* rows = nullptr;  // pairs: [records][row_stride()], before they are joined

  int64_t count() const { return (columns + width - 1) / width; }
  int64_t row_stride() const { return round_up(count() * width, lanes<E>); }
  E* panel(int64_t index) const { return data + index * operands<E>(records) * width; }

  void allocate(Arena& arena) {
    data = arena.array<E>(count() * operands<E>(records) * width);
    if (depth<E> > 1) rows = arena.array<Value>(records * row_stride());
  }

  // Writes the row of one record: `from` is readable for row_stride() values.
  template <int Width>
  void put(int64_t record, const Value* from) const {
    if constexpr (depth<E> == 1)
      split<Width>(record, from);
    else
      memcpy(rows + record * row_stride(), from, size_t(row_stride()) * sizeof(Value));
  }

  // Joins the records of the operands first..last-1, of `count` records that there are. `line` has room for a row.
  template <int Width>
  void join(int64_t first, int64_t last, int64_t count, E* line) const {
    for (int64_t k = first; k < last; ++k) {
      const Value* row = rows + 2 * k * row_stride();
      interleave(row, 2 * k + 1 < count ? row + row_stride() : nullptr, row_stride(), line);
      split<Width>(k, line);
    }
  }

 private:
  template <int Width, class Element>
  void split(int64_t k, const Element* from) const {
    static_assert(sizeof(Element) == sizeof(E), "rows of operands");
    for (int64_t p = 0; p < count(); ++p)
      memcpy(data + (p * operands<E>(records) + k) * Width, from + p * Width, Width * sizeof(E));
  }
};

// The right factors, in blocks of whole vectors of columns: [block][operands of records][columns of the block].
template <class E>
struct Blocks {
  using Value = ValueOf<E>;

  E* data;
  int64_t records;
  Value* rows;  // [block][records][columns]; the same memory where an operand is a value

  static Blocks allocate(Arena& arena, int64_t columns, int64_t records) {
    Blocks b{};
    b.records = records;
    b.data = arena.array<E>(operands<E>(records) * columns);
    if constexpr (depth<E> == 1)
      b.rows = b.data;
    else
      b.rows = arena.array<Value>(records * columns);
    return b;
  }

  // The block that begins at column `first` and is `width` wide.
  const E* block(int64_t first) const { return data + first * operands<E>(records); }
  Value* row(int64_t first, int64_t width, int64_t record) const { return rows + first * records + record * width; }

  void join(int64_t first, int64_t width, int64_t begin, int64_t end, int64_t count) const {
    for (int64_t k = begin; k < end; ++k)
      interleave(row(first, width, 2 * k), 2 * k + 1 < count ? row(first, width, 2 * k + 1) : nullptr, width,
                 data + first * operands<E>(records) + k * width);
  }
};

template <class E, int G>
class Backward {
  using T = SumOf<E>;
  using Value = ValueOf<E>;

 public:
  Backward(const gatecell_problem& problem, const Schedule& schedule, const gatecell_weights& weights,
           const gatecell_run& run, const gatecell_gradients& gradients, Arena& arena)
      : p_(problem), n_(problem), schedule_(schedule), given_(weights), run_(run), out_(gradients), arena_(arena),
        zoneout_(problem) {
    Carver carver(run.saved);
    saved_ = Saved<T>::carve(carver, n_, problem, schedule.total());
  }

  // Returns false where memory is short.
  bool run(const Plan& plan) {
    const Threads threads(p_.parallel_for, plan.threads);
    const int64_t deals = plan.by_units ? 1 : plan.threads;
    State* states = arena_.array<State>(deals);
    if (!states || !allocate_shared(threads)) return false;
    for (int64_t d = 0; d < deals; ++d) states[d] = allocate({d, deals});
    if (!arena_.complete()) return false;

    threads.each([&](int64_t part) {
      pack(threads.first(part, n_.tiles), threads.first(part + 1, n_.tiles));
      if (part == 0) pack_unit_parameters(p_, n_, given_, units_);
      if (part == 0 && p_.projection) pack_projection_for_backward();
      begin(threads.first(part, schedule_.rows), threads.first(part + 1, schedule_.rows));
    });
    threads.each([&](int64_t part) {
      for (int64_t d = 0; d < deals; ++d)
        if (d % threads.count() == part) begin_deal(states[d]);
    });

    int64_t last = schedule_.steps;
    while (last > 0) {
      int64_t first = last - 1;
      while (first > 0 && schedule_.records[last] - schedule_.records[first - 1] <= capacity_) --first;
      base_ = schedule_.records[first];
      if (plan.by_units)
        recur_by_units(states[0], first, last, threads);
      else
        threads.each([&](int64_t part) {
          for (int64_t step = last - 1; step >= first; --step) recur(states[part], step, lines_ + part * sources_.row_stride());
        });
      const int64_t records = schedule_.records[last] - base_;
      if constexpr (depth<E> > 1) threads.each([&](int64_t part) { join_records(records, part, threads); });
      threads.each([&](int64_t part) { sum_over_records(records, part, threads); });
      last = first;
    }

    threads.each([&](int64_t part) {
      write_weights(threads.first(part, n_.tiles), threads.first(part + 1, n_.tiles));
    });
    write_unit_gradients();
    for (int64_t d = 0; d < deals; ++d) write_states(states[d]);
    return true;
  }

 private:
  // What is carried from step to step; row q of each array is row deal.row(q) of the schedule.
  struct State {
    Deal deal;
    T* d_h;      // [rows][outputs_p]
    T* from_z;   // [rows][outputs_p], U^T d_z
    T* d_c;      // [rows][hidden_p]
    DropoutMasks<T> masks;
    T* d_hidden;  // projection: [rows][hidden_p], of h before it
    Value* d_out;  // projection: [rows][stride of d_outputs_], of h behind it, without what zoneout carries
    T* row;       // layer_norm: [8][hidden_p] and [z], of one row
  };

  // Gradients of the parameters of single units, summed over the steps of one row.
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
  static constexpr int64_t input_rows = 48;  // a few blocks of rows, whose gradients of x stay in the first-level cache

  State allocate(Deal deal) {
    const int64_t rows = deal.count(schedule_.rows);
    State s{};
    s.deal = deal;
    s.d_h = arena_.array<T>(rows * n_.outputs_p);
    s.from_z = arena_.array<T>(rows * n_.outputs_p);
    s.d_c = arena_.array<T>(rows * n_.hidden_p);
    s.masks = DropoutMasks<T>::allocate(p_, n_, rows, arena_);
    if (p_.projection) {
      s.d_hidden = arena_.array<T>(rows * n_.hidden_p);
      const int64_t values = rows * d_outputs_.row_stride();
      s.d_out = arena_.array<Value>(values);
      if (s.d_out) memset(static_cast<void*>(s.d_out), 0, size_t(values) * sizeof(Value));
    }
    if (p_.layer_norm) s.row = arena_.array<T>(8 * n_.hidden_p + 2 * n_.z);
    return s;
  }

  bool allocate_shared(const Threads& threads) {
    constexpr int64_t chunk_bytes = 2 << 20;  // of gradients of z: of the order of the second-level caches
    const int64_t total = schedule_.total();
    capacity_ = max_of(schedule_.rows, min_of(total, max_of(256, chunk_bytes / (n_.z * int64_t(sizeof(T))))));
    capacity_ = round_up(capacity_, depth<E>);

    // with layer normalisation W x~ and U h~ have gradients of their own, so that a panel must not span both
    inputs_end_ = p_.layer_norm ? round_up(n_.inputs, tile_rows<G> * depth<E>) : n_.recurrent_at();
    sources_ = {nullptr, inputs_end_ + n_.outputs, capacity_, tile_rows<G>};
    sources_.allocate(arena_);
    // between x~ and h~ and behind them zeros fill up the panels
    lines_ = arena_.array<Value>(threads.count() * sources_.row_stride());
    if (lines_)
      memset(static_cast<void*>(lines_), 0, size_t(threads.count() * sources_.row_stride()) * sizeof(Value));
    d_z_[0] = Blocks<E>::allocate(arena_, n_.z, capacity_);
    d_z_[1] = p_.layer_norm ? Blocks<E>::allocate(arena_, n_.z, capacity_) : d_z_[0];
    d_gates_ = arena_.array<T>(sources_.count() * sources_.width * n_.z);

    const int64_t of_z = operands<E>(G * n_.hidden);
    recurrent_ = {arena_.array<E>(of_z * n_.outputs_p), Columns<E>{n_.outputs}, of_z};
    if (out_.x.data) {
      const Columns<E> columns{n_.inputs};
      input_ = {arena_.array<E>(of_z * columns.padded()), columns, of_z};
      rows_of_records_ = arena_.array<int64_t>(2 * capacity_);
      input_scratch_ = arena_.array<T>(threads.count() * input_rows * columns.padded());
      if (p_.training && p_.input_dropout > 0) input_masks_ = arena_.array<const T*>(schedule_.rows);
    }
    if (p_.projection) {
      const Columns<E> columns{n_.hidden};
      const int64_t of_outputs = operands<E>(n_.outputs);
      projection_ = {arena_.array<E>(of_outputs * columns.padded()), columns, of_outputs};
      d_outputs_ = {nullptr, n_.outputs, capacity_, tile_rows<4>};
      d_outputs_.allocate(arena_);
      hidden_ = Blocks<E>::allocate(arena_, columns.padded(), capacity_);
      d_projection_ = arena_.array<T>(d_outputs_.count() * d_outputs_.width * columns.padded());
    }
    if (depth<E> > 1) {
      joined_stride_ = max_of(sources_.row_stride(), p_.projection ? d_outputs_.row_stride() : 0);
      joined_ = arena_.array<E>(threads.count() * joined_stride_);
    }
    Carver measure(nullptr);
    UnitParameters<T>::carve(measure, n_, p_);
    Carver carver(arena_.bytes(size_t(measure.used())));
    units_ = UnitParameters<T>::carve(carver, n_, p_);
    sums_values_ = UnitSums::carve(nullptr, n_, p_).values;
    sums_ = arena_.array<T>(max_of(1, schedule_.rows) * sums_values_);
    return arena_.complete();
  }

  void pack(int64_t first, int64_t last) {
    for (int64_t tile = first; tile < last; ++tile) {
      pack_for_backward(n_, static_cast<const T*>(given_.recurrent), recurrent_.columns, tile,
                        const_cast<E*>(recurrent_.data));
      if (out_.x.data)
        pack_for_backward(n_, static_cast<const T*>(given_.input), input_.columns, tile, const_cast<E*>(input_.data));
      memset(d_gates_ + tile * gate_sums(), 0,
             size_t(sources_.count() * sources_.width * n_.width(tile)) * sizeof(T));
    }
  }

  void pack_projection_for_backward() {
    const T* r = static_cast<const T*>(given_.projection);
    for (int64_t k = 0; k < n_.outputs; k += depth<E>)
      pack_rows(r + k * n_.hidden, depth<E> > 1 && k + 1 < n_.outputs ? r + (k + 1) * n_.hidden : nullptr,
                projection_.columns, projection_.k, k / depth<E>, const_cast<E*>(projection_.data));
    memset(d_projection_, 0,
           size_t(d_outputs_.count() * d_outputs_.width * projection_.columns.padded()) * sizeof(T));
  }

  void begin(int64_t first, int64_t last) {
    memset(sums_ + first * sums_values_, 0, size_t((last - first) * sums_values_) * sizeof(T));
    if (out_.x.data)
      for (int64_t row = first; row < last; ++row) clear_uncounted<T>(p_, schedule_, row, out_.x, n_.inputs);
  }

  void begin_deal(State& s) {
    s.masks.fill(p_, n_, schedule_, s.deal);
    for (int64_t q = 0; q < s.deal.count(schedule_.rows); ++q) {
      const int64_t b = schedule_.order[s.deal.row(q)];
      start(s.d_h + q * n_.outputs_p, static_cast<const T*>(out_.h_n), b, n_.outputs, n_.outputs_p);
      start(s.d_c + q * n_.hidden_p, static_cast<const T*>(out_.c_n), b, n_.hidden, n_.hidden_p);
      if (input_masks_) input_masks_[s.deal.row(q)] = s.masks.input + q * s.masks.input_stride;
    }
  }

  static void start(T* to, const T* from, int64_t row, int64_t size, int64_t padded) {
    for (int64_t u = 0; u < padded; ++u) to[u] = from && u < size ? from[row * size + u] : T(0);
  }

  void recur(State& s, int64_t step, Value* line) {
    const int64_t rows = s.deal.count(schedule_.active(step));
    for (int64_t q = 0; q < rows; ++q) take_sources(s, step, q, line);
    if (p_.projection) project(s, step, rows);
    for (int64_t q = 0; q < rows; ++q) {
      if (p_.layer_norm)
        cell_row_with_layer_norm(s, step, q);
      else
        cell_tiles(s, step, q, 0, n_.tiles);
    }
    through_recurrent(s, step, rows, 0, recurrent_.columns.groups());
  }

  void recur_by_units(State& s, int64_t first, int64_t last, const Threads& threads) {
    for (int64_t step = last - 1; step >= first; --step) {
      const int64_t rows = schedule_.active(step), groups = recurrent_.columns.groups();
      threads.each([&](int64_t part) {
        for (int64_t q = threads.first(part, rows); q < threads.first(part + 1, rows); ++q)
          take_sources(s, step, q, lines_ + part * sources_.row_stride());
        for (int64_t q = 0; q < rows; ++q)
          cell_tiles(s, step, q, threads.first(part, n_.tiles), threads.first(part + 1, n_.tiles));
      });
      threads.each([&](int64_t part) {
        through_recurrent(s, step, rows, threads.first(part, groups), threads.first(part + 1, groups));
      });
    }
  }

  // x~ and h~ of one record, for the gradients of W and U, and where its gradient of x goes.
  void take_sources(State& s, int64_t step, int64_t q, Value* line) {
    const int64_t row = s.deal.row(q), b = schedule_.order[row], k = in_chunk(step, row);
    const int64_t place = schedule_.place(row, step);
    masked_copy(line, at<T>(run_.x, b, place), s.masks.input ? s.masks.input + q * s.masks.input_stride : nullptr,
                n_.inputs);
    masked_copy(line + inputs_end_, h_before(step, row),
                s.masks.recurrent ? s.masks.recurrent + q * n_.outputs_p : nullptr, n_.outputs);
    sources_.template put<tile_rows<G>>(k, line);
    if (out_.x.data) {
      rows_of_records_[2 * k] = row;
      rows_of_records_[2 * k + 1] = place;
    }
  }

  const T* h_before(int64_t step, int64_t row) const {
    const int64_t b = schedule_.order[row];
    if (step == 0) return static_cast<const T*>(run_.h) + b * n_.outputs;
    return at<T>(run_.output, b, schedule_.place(row, step - 1));
  }

  Vec<T> c_before(int64_t step, int64_t row, int64_t unit) const {
    if (step == 0) {
      const T* c = static_cast<const T*>(run_.c) + schedule_.order[row] * n_.hidden;
      return load_first(c + unit, n_.hidden - unit);
    }
    return load(saved_.cells + (schedule_.records[step - 1] + row) * n_.hidden_p + unit);
  }

  // The gradient of h of one vector of outputs: what is carried, and what comes from the output. The share of the old h
  // stays in d_h.
  Vec<T> d_h_new(State& s, int64_t step, int64_t q, int64_t unit, Vec<T> old_share) {
    const int64_t row = s.deal.row(q);
    T* carried = s.d_h + q * n_.outputs_p + unit;
    Vec<T> d_h = load(carried);
    if (out_.output.data)
      d_h += load_first(at<T>(out_.output, schedule_.order[row], schedule_.place(row, step)) + unit,
                        n_.outputs - unit);
    if (!zoneout_.on) {
      store(carried, Vec<T>{});
      return d_h;
    }
    const Vec<T> passed = old_share * d_h;
    store(carried, passed);
    return d_h - passed;
  }

  OldShare<T> share(State& s, int64_t step, int64_t q, int64_t unit) const {
    if (!zoneout_.on) return OldShare<T>{};
    const int64_t row = s.deal.row(q);
    return zoneout_.old_share(schedule_.order[row], schedule_.place(row, step), unit);
  }

  void project(State& s, int64_t step, int64_t rows) {
    for (int64_t q = 0; q < rows; ++q) {
      Value* d_out = s.d_out + q * d_outputs_.row_stride();
      for (int64_t unit = 0; unit < n_.outputs_p; unit += lanes<T>)
        store_values(d_out + unit, d_h_new(s, step, q, unit, share(s, step, q, unit).h));
      d_outputs_.template put<tile_rows<4>>(in_chunk(step, s.deal.row(q)), d_out);
    }
    const Left<E> a = left_rows<E>(s.d_out, d_outputs_.row_stride(), n_.outputs);
    multiply(a, rows, projection_, 0, projection_.columns.groups(), s.d_hidden, n_.hidden_p);
  }

  // h before the projection, for the gradient of R.
  void keep_hidden(int64_t record, int64_t tile, Vec<T> h) {
    const Columns<E>& columns = projection_.columns;
    int64_t group = tile * columns.groups() / columns.vectors();
    while (columns.first(group + 1) <= tile) ++group;
    while (columns.first(group) > tile) --group;
    const int64_t first = columns.first(group), vectors = columns.first(group + 1) - first;
    store_values(hidden_.row(first * lanes<E>, vectors * lanes<E>, record) + (tile - first) * lanes<E>, h);
  }

  void cell_tiles(State& s, int64_t step, int64_t q, int64_t first, int64_t last) {
    const int64_t row = s.deal.row(q), k = in_chunk(step, row);
    const UnitSums sums = sums_of(row);
    for (int64_t tile = first; tile < last; ++tile) {
      const int64_t unit = tile * lanes<T>;
      const Gates<T> v = gates(step, row, tile);
      const Vec<T> c_old = c_before(step, row, unit), c = fma(v.f, c_old, v.i * v.g), seen = tanh<T>(c);
      const OldShare<T> kept = share(s, step, q, unit);
      Vec<T> d_h;
      if (p_.projection) {
        d_h = load(s.d_hidden + q * n_.hidden_p + unit);
        keep_hidden(k, tile, v.o * seen);
      } else {
        d_h = d_h_new(s, step, q, unit, kept.h);
      }
      const Vec<T> d_seen = d_h * v.o * (T(1) - seen * seen);
      Vec<T> d_z[G];
      carry_cell(s, q, tile, v, c_old, c, d_h * seen, d_seen, kept.c, sums, d_z);
      store_z(d_z_row(0, tile, k), tile, d_z);
    }
  }

  // From the gradients of o and of c (as the output sees it) to those of z and of the old c, and the sums of one row.
  void carry_cell(State& s, int64_t q, int64_t tile, const Gates<T>& v, Vec<T> c_old, Vec<T> c, Vec<T> d_o,
                  Vec<T> d_seen, Vec<T> c_share, const UnitSums& sums, Vec<T> (&d_z)[G]) {
    using order = Order<G>;
    const int64_t unit = tile * lanes<T>;
    T* carried = s.d_c + q * n_.hidden_p + unit;
    const Vec<T> d_c = load(carried);
    const Vec<T> passed = c_share * d_c;
    const Vec<T> d_c_old = cell_backward<T, G>(v, c_old, d_o, d_seen + (d_c - passed), peephole(unit), d_z);
    store(carried, d_c_old + passed);
    const int64_t units = n_.units(tile);
    for (int g = 0; g < G; ++g) {
      T* bias = sums.bias + tile * tile_z + g * units;
      store_units(bias, load_units(bias, units) + d_z[g], units);
    }
    if (p_.peephole) {
      if constexpr (!order::coupled) add(sums.peephole[0] + unit, d_z[order::i] * c_old);
      add(sums.peephole[1] + unit, d_z[order::f] * c_old);
      add(sums.peephole[2] + unit, d_z[order::o] * c);
    }
  }

  void cell_row_with_layer_norm(State& s, int64_t step, int64_t q) {
    const int64_t row = s.deal.row(q), k = in_chunk(step, row), size = n_.hidden_p;
    T* c_now = s.row;
    T* normed = s.row + size;
    T* d_normed = s.row + 2 * size;
    T* d_seen = s.row + 3 * size;
    T* d_o = s.row + 4 * size;
    T* d_z_line = s.row + 8 * size;
    T* d_norm_line = d_z_line + n_.z;
    const UnitSums sums = sums_of(row);

    for (int64_t tile = 0; tile < n_.tiles; ++tile) {
      const Gates<T> v = gates(step, row, tile);
      store(c_now + tile * lanes<T>, fma(v.f, c_before(step, row, tile * lanes<T>), v.i * v.g));
    }
    const Moments<T> m = moments(c_now, n_.hidden);
    for (int64_t tile = 0; tile < n_.tiles; ++tile) {
      const int64_t unit = tile * lanes<T>;
      const Vec<T> o = gates(step, row, tile).o;
      const Vec<T> gain = load(units_.norm_cell[0] + unit), shift = load(units_.norm_cell[1] + unit);
      const Vec<T> n = (load(c_now + unit) - m.mean) * m.inverse_deviation, seen = tanh<T>(fma(n, gain, shift));
      Vec<T> d_h;
      if (p_.projection) {
        d_h = load(s.d_hidden + q * size + unit);
        keep_hidden(k, tile, o * seen);
      } else {
        d_h = d_h_new(s, step, q, unit, share(s, step, q, unit).h);
      }
      const Vec<T> d_inside = d_h * o * (T(1) - seen * seen);
      store(normed + unit, n);
      store(d_normed + unit, d_inside * gain);
      store(d_o + unit, d_h * seen);
      add(sums.norm_cell[0] + unit, d_inside * n);
      add(sums.norm_cell[1] + unit, d_inside);
    }
    normalise_backward(normed, d_normed, m.inverse_deviation, d_seen, n_.hidden);
    store(d_z_line + n_.z - lanes<T>, Vec<T>{});  // what fills up the last vector
    for (int64_t tile = 0; tile < n_.tiles; ++tile) {
      const int64_t unit = tile * lanes<T>;
      Vec<T> d_z[G];
      carry_cell(s, q, tile, gates(step, row, tile), c_before(step, row, unit), load(c_now + unit),
                 load(d_o + unit), load_first(d_seen + unit, n_.hidden - unit), share(s, step, q, unit).c, sums, d_z);
      store_z(d_z_line + tile * tile_z, tile, d_z);
    }
    const int64_t record = schedule_.records[step] + row;
    const T* kept[] = {saved_.norm_input + record * n_.z, saved_.norm_recurrent + record * n_.z};
    const T* gains[] = {units_.norm_input, units_.norm_recurrent};
    T* gain_sums[] = {sums.norm_input, sums.norm_recurrent};
    for (int part = 0; part < 2; ++part) {
      for (int64_t i = 0; i < n_.z; i += lanes<T>) {
        const Vec<T> d = load(d_z_line + i);
        add(gain_sums[part] + i, d * load(kept[part] + i));
        store(d_norm_line + i, d * load(gains[part] + i));
      }
      normalise_backward(kept[part], d_norm_line, saved_.deviations[record * 2 + part], d_norm_line, n_.hidden * G);
      for (int64_t tile = 0; tile < n_.tiles; ++tile)
        for (int64_t i = 0; i < n_.width(tile); i += lanes<T>)
          store_values(d_z_row(part, tile, k) + i, load(d_norm_line + tile * tile_z + i));
    }
  }

  // d_h of the step before: what zoneout passed on, and U^T d_z under the dropout mask.
  void through_recurrent(State& s, int64_t step, int64_t rows, int64_t first_group, int64_t last_group) {
    multiply_z(1, in_chunk(step, s.deal.first), s.deal.stride, rows, recurrent_, first_group, last_group, s.from_z,
               n_.outputs_p);
    const int64_t first = recurrent_.columns.first(first_group) * lanes<T>;
    const int64_t last = recurrent_.columns.first(last_group) * lanes<T>;
    for (int64_t q = 0; q < rows; ++q)
      for (int64_t place = q * n_.outputs_p + first; place < q * n_.outputs_p + last; place += lanes<T>) {
        Vec<T> value = load(s.from_z + place);
        if (s.masks.recurrent) value *= load(s.masks.recurrent + place);
        add(s.d_h + place, value);
      }
  }

  // to = the gradients of z of some records times a packed matrix.
  void multiply_z(int part, int64_t record, int64_t stride, int64_t rows, const Packed<E>& w, int64_t first_group,
                  int64_t last_group, T* to, int64_t to_stride) {
    const int64_t full = n_.hidden / lanes<T>, rest = n_.hidden % lanes<T>;
    if (full > 0) {
      Left<E> a = left_rows<E>(d_z_row(part, 0, record), stride * tile_z, tile_z);
      a.pieces = full;
      a.piece_stride = capacity_ * tile_z / depth<E>;
      multiply(a, rows, w, first_group, last_group, to, to_stride);
    }
    if (rest > 0) {
      const Left<E> a = left_rows<E>(d_z_row(part, full, record), stride * n_.width(full), G * rest);
      multiply(a, rows, w, first_group, last_group, to, to_stride, full * tile_z / depth<E>);
    }
  }

  void join_records(int64_t records, int64_t part, const Threads& threads) {
    const int64_t pairs = operands<E>(records), first = threads.first(part, pairs), last = threads.first(part + 1, pairs);
    E* line = joined_ + part * joined_stride_;
    sources_.template join<tile_rows<G>>(first, last, records, line);
    for (int z = 0; z < (p_.layer_norm ? 2 : 1); ++z)
      for (int64_t tile = 0; tile < n_.tiles; ++tile) d_z_[z].join(tile * tile_z, n_.width(tile), first, last, records);
    if (!p_.projection) return;
    d_outputs_.template join<tile_rows<4>>(first, last, records, line);
    const Columns<E>& columns = projection_.columns;
    for (int64_t group = 0; group < columns.groups(); ++group) {
      const int64_t begin = columns.first(group) * lanes<E>, end = columns.first(group + 1) * lanes<E>;
      hidden_.join(begin, end - begin, first, last, records);
    }
  }

  void sum_over_records(int64_t records, int64_t part, const Threads& threads) {
    const int64_t panels = sources_.count(), pieces = n_.tiles * panels;
    for (int64_t piece = threads.first(part, pieces); piece < threads.first(part + 1, pieces); ++piece) {
      const int64_t tile = piece / panels, panel = piece % panels;
      const bool recurrent = panel * sources_.width >= inputs_end_;
      add_products<tile_rows<G>>(sources_.panel(panel), d_z_[recurrent ? 1 : 0].block(tile * tile_z),
                                 n_.width(tile) / lanes<T>, records, d_gates_ + tile * gate_sums() + panel * sources_.width * n_.width(tile));
    }
    if (p_.projection) sum_projection(records, part, threads);
    if (out_.x.data) write_inputs(threads.first(part, records), threads.first(part + 1, records),
                                 input_scratch_ + part * input_rows * input_.columns.padded());
  }

  void sum_projection(int64_t records, int64_t part, const Threads& threads) {
    const Columns<E>& columns = projection_.columns;
    const int64_t panels = d_outputs_.count(), pieces = columns.groups() * panels;
    for (int64_t piece = threads.first(part, pieces); piece < threads.first(part + 1, pieces); ++piece) {
      const int64_t group = piece / panels, panel = piece % panels;
      const int64_t first = columns.first(group), vectors = columns.first(group + 1) - first;
      T* sums = d_projection_ + first * lanes<T> * panels * d_outputs_.width +
                panel * d_outputs_.width * vectors * lanes<T>;
      add_products<tile_rows<4>>(d_outputs_.panel(panel), hidden_.block(first * lanes<E>), vectors, records, sums);
    }
  }

  // sums[r][n] += left[record][r] * right[record][n], for R columns on the left and some vectors on the right
  template <int R>
  static void add_products(const E* left, const E* right, int64_t vectors, int64_t records, T* sums) {
    const int64_t width = vectors * lanes<T>;
    for_tile<E>(vectors, R)(Left<E>{left, 1, R, operands<E>(records)}, right, sums, width, sums, width);
  }

  // The gradient of x of some of the chunk's records: W^T d_z under the dropout mask.
  void write_inputs(int64_t first, int64_t last, T* scratch) {
    const int64_t width = input_.columns.padded();
    for (int64_t begin = first; begin < last; begin += input_rows) {
      const int64_t count = min_of(input_rows, last - begin);
      multiply_z(0, begin, 1, count, input_, 0, input_.columns.groups(), scratch, width);
      for (int64_t r = 0; r < count; ++r) {
        const int64_t row = rows_of_records_[2 * (begin + r)], place = rows_of_records_[2 * (begin + r) + 1];
        masked_copy(at<T>(out_.x, schedule_.order[row], place), scratch + r * width,
                    input_masks_ ? input_masks_[row] : nullptr, n_.inputs);
      }
    }
  }

  void write_weights(int64_t first, int64_t last) {
    for (int64_t tile = first; tile < last; ++tile)
      for (int64_t gate = 0; gate < G; ++gate) {
        const int64_t units = n_.units(tile), width = n_.width(tile), first_row = gate * n_.hidden + tile * lanes<T>;
        const T* from = d_gates_ + tile * gate_sums() + gate * units;
        unpack_transposed(from, width, static_cast<T*>(out_.weights.input) + first_row * n_.inputs, units, n_.inputs);
        unpack_transposed(from + inputs_end_ * width, width,
                          static_cast<T*>(out_.weights.recurrent) + first_row * n_.outputs, units, n_.outputs);
      }
  }

  // Sums over rows, in the order of the schedule, and the gradient of R.
  void write_unit_gradients() {
    T* total = arena_.array<T>(sums_values_);
    if (!total) return;
    memset(total, 0, size_t(sums_values_) * sizeof(T));
    for (int64_t row = 0; row < schedule_.rows; ++row)
      for (int64_t k = 0; k < sums_values_; ++k) total[k] += sums_[row * sums_values_ + k];
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
      const Columns<E>& columns = projection_.columns;
      for (int64_t group = 0; group < columns.groups(); ++group) {
        const int64_t begin = columns.first(group) * lanes<T>, end = columns.first(group + 1) * lanes<T>;
        const T* from = d_projection_ + begin * d_outputs_.count() * d_outputs_.width;
        for (int64_t m = 0; m < n_.outputs; ++m)
          for (int64_t c = begin; c < min_of(end, n_.hidden); ++c)
            static_cast<T*>(to.projection)[m * n_.hidden + c] = from[m * (end - begin) + c - begin];
      }
    }
  }

  void write_states(State& s) {
    for (int64_t q = 0; q < s.deal.count(schedule_.rows); ++q) {
      const int64_t b = schedule_.order[s.deal.row(q)];
      memcpy(static_cast<T*>(out_.h) + b * n_.outputs, s.d_h + q * n_.outputs_p, size_t(n_.outputs) * sizeof(T));
      memcpy(static_cast<T*>(out_.c) + b * n_.hidden, s.d_c + q * n_.hidden_p, size_t(n_.hidden) * sizeof(T));
    }
  }

  UnitSums sums_of(int64_t row) const { return UnitSums::carve(sums_ + row * sums_values_, n_, p_); }
  static void add(T* to, Vec<T> value) { store(to, load(to) + value); }

  int64_t in_chunk(int64_t step, int64_t row) const { return schedule_.records[step] + row - base_; }
  int64_t gate_sums() const { return sources_.count() * sources_.width * tile_z; }
  Value* d_z_row(int part, int64_t tile, int64_t record) const {
    return d_z_[part].row(tile * tile_z, n_.width(tile), record);
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
  Gates<T> gates(int64_t step, int64_t row, int64_t tile) const {
    return load_gates<T, G>(saved_.gates + ((schedule_.records[step] + row) * n_.tiles + tile) * tile_z);
  }
  Peephole<T> peephole(int64_t unit) const {
    const auto& p = units_.peephole;
    return {load(p[0] + unit), load(p[1] + unit), load(p[2] + unit)};
  }

  const gatecell_problem& p_;
  const Sizes<E> n_;
  const Schedule& schedule_;
  const gatecell_weights& given_;
  const gatecell_run& run_;
  const gatecell_gradients& out_;
  Arena& arena_;
  const Zoneout<T> zoneout_;
  Saved<T> saved_{};
  UnitParameters<T> units_{};
  Packed<E> recurrent_{}, input_{}, projection_{};

  // of the chunk at hand; each has room for capacity_ records
  int64_t capacity_ = 0, base_ = 0;  // base_: its first record
  int64_t inputs_end_ = 0;           // the column of sources_ at which h~ begins
  Panels<E> sources_{};              // x~, h~
  Value* lines_ = nullptr;           // [threads][row of sources_]: x~ and h~ of one record
  Blocks<E> d_z_[2]{};               // blocks are tiles: of W x~ and of U h~; the same without layer norm
  E* joined_ = nullptr;              // [threads][joined_stride_]: two records of sources_ or d_outputs_
  int64_t joined_stride_ = 0;
  int64_t* rows_of_records_ = nullptr;  // [records][2]: sorted row and place in time
  const T** input_masks_ = nullptr;     // by sorted row
  T* input_scratch_ = nullptr;          // [threads][input_rows][padded inputs]
  Panels<E> d_outputs_{};               // projection: gradients of its result
  Blocks<E> hidden_{};                  // projection: its argument; blocks are groups of columns

  T* d_gates_ = nullptr;       // [tiles][columns of sources_][width of the tile]
  T* d_projection_ = nullptr;  // [group of columns][outputs][columns]
  T* sums_ = nullptr;          // [rows][sums_values_]
  int64_t sums_values_ = 0;
};

}  // namespace gatecell::GATECELL_ISA_NAME
