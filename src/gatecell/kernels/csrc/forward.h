// The forward pass: for each step, tiles of units; for each tile, blocks of rows.
#pragma once
#include "cell.h"
#include "norm.h"
#include "pack.h"
#include "rows.h"
#include "threads.h"

namespace gatecell::GATECELL_ISA_NAME {

template <class E, int G>
class Forward {
  using T = SumOf<E>;
  using Value = ValueOf<E>;

 public:
  // With `packed` weights, `weights` may be NULL.
  Forward(const gatecell_problem& problem, const Schedule& schedule, const gatecell_weights* weights, const void* packed,
          const gatecell_run& run, Arena& arena)
      : p_(problem), n_(problem), schedule_(schedule), given_(weights), run_(run), arena_(arena), zoneout_(problem),
        plain_(plain_cells<T>(problem)) {
    if (run.saved) {
      Carver carver(run.saved);
      saved_ = Saved<T>::carve(carver, n_, problem, schedule.total());
      // what no cache holds until the backward pass need not pass through one
      streams_ = carver.used() > ((p_.layer_norm ? 8 : 16) << 20) && reinterpret_cast<uintptr_t>(run.saved) % 64 == 0;
    }
    if (packed) {
      Carver carver(const_cast<void*>(packed));
      packed_ = ForwardWeights<E>::carve(carver, n_, problem);
    }
    a_stride_ = odd_lines<Value>(n_.recurrent_at() + n_.outputs_p);
  }

  // Returns false where memory is short.
  bool run(const Plan& plan) {
    const Threads threads(p_.parallel_for, plan.threads);
    const int64_t deals = plan.by_units ? 1 : plan.threads;
    // what one core has written is slow to read from another, so that each packs what it streams for itself
    const bool own = !packed_.gates && !plan.by_units && n_.k * n_.z * int64_t(sizeof(E)) <= streamed_weight_bytes;
    const bool shared = !packed_.gates && !own;
    State* states = arena_.array<State>(deals);
    if (!states) return false;
    if (shared) packed_ = carved<ForwardWeights<E>>(arena_, n_, p_);
    for (int64_t d = 0; d < deals; ++d) {
      states[d] = allocate({d, deals});
      states[d].weights = own ? carved<ForwardWeights<E>>(arena_, n_, p_) : packed_;
    }
    if (!arena_.complete()) return false;
    if (shared)
      threads.each([&](int64_t part) {
        pack_forward(p_, n_, *given_, packed_, threads.first(part, n_.tiles), threads.first(part + 1, n_.tiles));
      });
    if (plan.by_units)
      run_by_units(states[0], threads);
    else
      threads.each([&](int64_t part) {
        if (own) pack_forward(p_, n_, *given_, states[part].weights, 0, n_.tiles);
        run_rows(states[part]);
      });
    return true;
  }

 private:
  // Where the values of one row at the step at hand go.
  struct Line {
    T* output;
    T* gates;  // of all tiles; NULL where nothing is saved
    T* cells;
  };

  // What is carried from step to step; row q of each array is row deal.row(q) of the schedule.
  struct State {
    Deal deal;
    ForwardWeights<E> weights;
    Value* a[2];  // [rows][a_stride]: x~ and h~ of this step and of the next, by the step's parity
    T* h;     // [rows][outputs_p]
    T* c;     // [rows][hidden_p]
    Line* lines;  // [rows]
    DropoutMasks<T> masks;
    T* z;       // layer_norm: [rows][2][z], W x~ and U h~
    T* seen;    // layer_norm: [2][hidden_p], c and o of one row
    Value* hidden;  // projection: [rows][hidden_p], h before it
    T* projected;  // projection: [rows][outputs_p], h behind it, before zoneout
  };

  static constexpr int64_t tile_z = G * lanes<T>;
  static constexpr int64_t most_in_tile = 32;  // vectors: no tile holds more than there are registers
  static constexpr int64_t most_rows_in_tile = tile_rows<1>;  // the narrowest tile has the most
  static_assert(tile_rows<2> <= most_rows_in_tile && tile_rows<3> <= most_rows_in_tile && tile_rows<4> <= most_rows_in_tile);

  State allocate(Deal deal) {
    const int64_t rows = deal.count(schedule_.rows);
    State s{};
    s.deal = deal;
    for (Value*& a : s.a) a = arena_.array<Value>(rows * a_stride_);
    s.h = arena_.array<T>(rows * n_.outputs_p);
    s.c = arena_.array<T>(rows * n_.hidden_p);
    s.lines = arena_.array<Line>(rows);
    s.masks = DropoutMasks<T>::allocate(p_, n_, rows, arena_);
    if (p_.layer_norm) {
      s.z = arena_.array<T>(rows * 2 * n_.z);
      s.seen = arena_.array<T>(2 * n_.hidden_p);
    }
    if (p_.projection) {
      s.hidden = arena_.array<Value>(rows * n_.hidden_p);
      s.projected = arena_.array<T>(rows * n_.outputs_p);
    }
    return s;
  }

  void run_rows(State& s) {
    s.masks.fill(p_, n_, schedule_, s.deal);
    begin(s, 0, s.deal.count(schedule_.rows));
    for (int64_t step = 0; step < schedule_.steps; ++step) {
      const int64_t rows = s.deal.count(schedule_.active(step));
      find_lines(s, step, rows);
      if (p_.layer_norm) {
        cells_with_layer_norm(s, step, rows);
      } else {
        cells(s, step, rows, 0, n_.tiles);
      }
      if (p_.projection) project(s, step, rows);
      take_inputs(s, step + 1, 0, s.deal.count(schedule_.active(step + 1)));
    }
    if (streams_) end_streams();
    end(s);
  }

  void run_by_units(State& s, const Threads& threads) {
    s.masks.fill(p_, n_, schedule_, s.deal);
    threads.each([&](int64_t part) {
      begin(s, threads.first(part, schedule_.rows), threads.first(part + 1, schedule_.rows));
    });
    for (int64_t step = 0; step < schedule_.steps; ++step) {
      find_lines(s, step, schedule_.active(step));
      threads.each([&](int64_t part) {
        cells(s, step, schedule_.active(step), threads.first(part, n_.tiles), threads.first(part + 1, n_.tiles));
        const int64_t next = schedule_.active(step + 1);
        take_inputs(s, step + 1, threads.first(part, next), threads.first(part + 1, next));
        if (streams_) end_streams();
      });
    }
    end(s);
  }

  // Rows first..last-1 at their first step.
  void begin(State& s, int64_t first, int64_t last) {
    for (int64_t q = first; q < last; ++q) {
      const int64_t row = s.deal.row(q), b = schedule_.order[row];
      T* h = s.h + q * n_.outputs_p;
      T* c = s.c + q * n_.hidden_p;
      copy_padded(h, static_cast<const T*>(run_.h), b, n_.outputs, n_.outputs_p);
      copy_padded(c, static_cast<const T*>(run_.c), b, n_.hidden, n_.hidden_p);
      masked_copy(s.a[0] + q * a_stride_ + n_.recurrent_at(), h,
                  s.masks.recurrent ? s.masks.recurrent + q * n_.outputs_p : nullptr, n_.outputs);
      clear_uncounted<T>(p_, schedule_, row, run_.output, n_.outputs);
    }
    take_inputs(s, 0, first, min_of(last, s.deal.count(schedule_.active(0))));
  }

  void end(State& s) {
    for (int64_t q = 0; q < s.deal.count(schedule_.rows); ++q) {
      const int64_t b = schedule_.order[s.deal.row(q)];
      memcpy(static_cast<T*>(run_.h_n) + b * n_.outputs, s.h + q * n_.outputs_p, size_t(n_.outputs) * sizeof(T));
      memcpy(static_cast<T*>(run_.c_n) + b * n_.hidden, s.c + q * n_.hidden_p, size_t(n_.hidden) * sizeof(T));
    }
  }

  void find_lines(State& s, int64_t step, int64_t rows) {
    for (int64_t q = 0; q < rows; ++q) {
      const int64_t row = s.deal.row(q), record = schedule_.records[step] + row;
      Line& line = s.lines[q];
      line.output = at<T>(run_.output, schedule_.order[row], schedule_.place(row, step));
      line.gates = saved_.gates ? saved_.gates + record * n_.tiles * tile_z : nullptr;
      line.cells = saved_.gates ? saved_.cells + record * n_.hidden_p : nullptr;
    }
  }

  // x~ of one step; its h~ is written by the cells of the step before. The x of the step after lies far from it in memory,
  // so that it is asked for now.
  void take_inputs(State& s, int64_t step, int64_t first, int64_t last) {
    const int64_t next = schedule_.active(step + 1);
    for (int64_t q = first; q < last; ++q) {
      const int64_t row = s.deal.row(q), b = schedule_.order[row];
      masked_copy(s.a[step & 1] + q * a_stride_, at<T>(run_.x, b, schedule_.place(row, step)),
                  s.masks.input ? s.masks.input + q * s.masks.input_stride : nullptr, n_.inputs);
      if (row < next) fetch(at<T>(run_.x, b, schedule_.place(row, step + 1)), n_.inputs);
    }
  }

  // The values of h~ that are summed over at a step: none at the first where no state is given, because they are 0 there.
  int64_t recurrent_values(int64_t step) const { return step > 0 || run_.h ? n_.outputs : 0; }

  void cells(State& s, int64_t step, int64_t rows, int64_t first_tile, int64_t last_tile) {
    const Left<E> a = left_rows<E>(s.a[step & 1], a_stride_, n_.recurrent_at() + recurrent_values(step));
    alignas(64) T z[most_in_tile * lanes<T>];
    for (int64_t tile = first_tile; tile < last_tile; ++tile) {
      const E* w = s.weights.gates + tile * n_.k * tile_z;
      const T* bias = s.weights.units.bias + tile * tile_z;
      const int64_t width = n_.width(tile), vectors = width / lanes<T>;
      for_row_blocks(rows, most_rows(vectors), [&](int64_t q, int64_t count) {
        for_tile<E>(vectors, count)(a.from_row(q), w, bias, 0, z, width);
        const bool full = n_.units(tile) == lanes<T>;
        if (!plain_)
          full ? finish<false, true>(s, step, q, count, tile, z) : finish<false, false>(s, step, q, count, tile, z);
        else
          full ? finish<true, true>(s, step, q, count, tile, z) : finish<true, false>(s, step, q, count, tile, z);
      });
    }
  }

  // Rows first..first+count-1 of one tile, from their pre-activations z. What is known of the options (Plain: none of those
  // that act here) and of the tile (Full: a whole vector of units) leaves few instructions beside the arithmetic.
  template <bool Plain, bool Full>
  __attribute__((noinline)) void finish(State& s, int64_t step, int64_t first, int64_t count, int64_t tile,
                                        const T* z_rows) {
    const int64_t unit = tile * lanes<T>, units = Full ? lanes<T> : n_.units(tile);
    const int64_t width = Full ? tile_z : n_.width(tile), stride = n_.hidden_p;
    const auto p = load_peephole<!Plain>(s.weights.units.peephole, unit);
    T* const c_rows = s.c + first * stride + unit;
    const auto z_of = [&](int64_t r, int gate) {
      return Full ? load(z_rows + r * width + gate * lanes<T>) : load_first(z_rows + r * width + gate * units, units);
    };
    // in two passes, lest each row wait for its own c: the processor overlaps what several rows do
    Inside<T> now[most_rows_in_tile];
    for (int64_t r = 0; r < count; ++r) {
      Vec<T> z[G];
      for (int g = 0; g < G; ++g) z[g] = z_of(r, g);
      now[r] = inside<T, G>(z, load(c_rows + r * stride), p);
    }
    const Line* const lines = s.lines + first;
    const Places to = places(s, step, first, unit);
    const bool streams = streams_;
    for (int64_t r = 0; r < count; ++r) {
      const Line line = lines[r];
      const Vec<T> o = output_gate<T>(z_of(r, Order<G>::o), now[r].c, p), h = o * tanh<T>(now[r].c);
      Vec<T> c_kept = now[r].c;
      OldShare<T> share{};
      if constexpr (!Plain)
        if (zoneout_.on) {
          const int64_t row = s.deal.row(first + r);
          share = zoneout_.old_share(schedule_.order[row], schedule_.place(row, step), unit);
          c_kept = mix<T>(share.c, load(c_rows + r * stride), now[r].c);
        }
      store(c_rows + r * stride, c_kept);
      save(line, streams, tile, {now[r].i, now[r].f, now[r].g, o}, c_kept);
      if (!Plain && p_.projection)
        store_values(s.hidden + (first + r) * stride + unit, h);
      else
        put_out<Plain, Full>(to, r, line.output + unit, h, share.h, n_.outputs - unit);
    }
  }

  // Where h of one vector of outputs goes, from some row on.
  struct Places {
    T* state;
    Value* next;       // of the next step's sum
    const T* mask;     // NULL without recurrent dropout
    int64_t stride, next_stride;
  };

  Places places(const State& s, int64_t step, int64_t q, int64_t unit) const {
    const int64_t stride = n_.outputs_p;
    return {s.h + q * stride + unit, s.a[(step + 1) & 1] + q * a_stride_ + n_.recurrent_at() + unit,
            s.masks.recurrent ? s.masks.recurrent + q * stride + unit : nullptr, stride, a_stride_};
  }

  // h of one vector of outputs goes to the state, to the next step's sum, and to the caller, who wants `size` of them.
  template <bool Plain, bool Full>
  GATECELL_INLINE void put_out(const Places& to, int64_t r, T* output, Vec<T> h, Vec<T> old_share, int64_t size) const {
    T* state = to.state + r * to.stride;
    if (!Plain && zoneout_.on) h = mix<T>(old_share, load(state), h);
    store(state, h);
    store_values(to.next + r * to.next_stride, to.mask ? h * load(to.mask + r * to.stride) : h);
    if constexpr (Full)
      store(output, h);
    else
      store_units(output, h, min_of(size, lanes<T>));
  }

  void project(State& s, int64_t step, int64_t rows) {
    const Left<E> a = left_rows<E>(s.hidden, n_.hidden_p, n_.hidden);
    const Packed<E> w{s.weights.projection, Columns<E>{n_.outputs}, operands<E>(n_.hidden)};
    multiply(a, rows, w, 0, w.columns.groups(), s.projected, n_.outputs_p);
    for (int64_t q = 0; q < rows; ++q) {
      const int64_t row = s.deal.row(q);
      for (int64_t unit = 0; unit < n_.outputs_p; unit += lanes<T>) {
        OldShare<T> share{};
        if (zoneout_.on) share = zoneout_.old_share(schedule_.order[row], schedule_.place(row, step), unit);
        put_out<false, false>(places(s, step, q, unit), 0, s.lines[q].output + unit, load(s.projected + q * n_.outputs_p + unit),
                              share.h, n_.outputs - unit);
      }
    }
  }

  void cells_with_layer_norm(State& s, int64_t step, int64_t rows) {
    const Value* a = s.a[step & 1];
    const Left<E> parts[] = {left_rows<E>(a, a_stride_, n_.inputs),
                             left_rows<E>(a + n_.recurrent_at(), a_stride_, recurrent_values(step))};
    for (int64_t tile = 0; tile < n_.tiles; ++tile) {
      const E* w = s.weights.gates + tile * n_.k * tile_z;
      const int64_t width = n_.width(tile), vectors = width / lanes<T>;
      for_row_blocks(rows, most_rows(vectors), [&](int64_t q, int64_t count) {
        const SumProducts<E> sum = for_tile<E>(vectors, count);
        T* z = s.z + q * 2 * n_.z + tile * tile_z;
        sum(parts[0].from_row(q), w, nullptr, 0, z, 2 * n_.z);
        sum(parts[1].from_row(q), w + n_.inputs_k * width, nullptr, 0, z + n_.z, 2 * n_.z);
      });
    }
    for (int64_t q = 0; q < rows; ++q) finish_with_layer_norm(s, step, q);
  }

  void finish_with_layer_norm(State& s, int64_t step, int64_t q) {
    const int64_t row = s.deal.row(q);
    T* normed[] = {s.z + q * 2 * n_.z, s.z + (q * 2 + 1) * n_.z};
    const T* gains[] = {s.weights.units.norm_input, s.weights.units.norm_recurrent};
    T* kept[] = {saved_.norm_input, saved_.norm_recurrent};
    for (int part = 0; part < 2; ++part) {
      const Moments<T> m = moments(normed[part], n_.hidden * G);
      T* const from = normed[part];
      T* const to = kept[part] ? kept[part] + record(step, row) * n_.z : from;
      if (saved_.deviations) saved_.deviations[record(step, row) * 2 + part] = m.inverse_deviation;
      const auto normalised = [&](int64_t k) { return (load(from + k) - m.mean) * m.inverse_deviation; };
      if (streams_) {
        for (int64_t k = 0; k < n_.z; k += lanes<T>) {
          const Vec<T> n = normalised(k);
          store(from + k, n);
          stream(to + k, n);
        }
      } else {
        for (int64_t k = 0; k < n_.z; k += lanes<T>) store(to + k, normalised(k));
        normed[part] = to;
      }
    }
    T* c_seen = s.seen;
    T* o_seen = s.seen + n_.hidden_p;
    for (int64_t tile = 0; tile < n_.tiles; ++tile) {
      const int64_t unit = tile * lanes<T>, units = n_.units(tile);
      Vec<T> z[G];
      for (int g = 0; g < G; ++g) {
        const int64_t k = tile * tile_z + g * units;
        const auto of = [&](const T* values) { return load_units(values + k, units); };
        z[g] = fma(of(normed[0]), of(gains[0]), fma(of(normed[1]), of(gains[1]), of(s.weights.units.bias)));
      }
      T* c = s.c + q * n_.hidden_p + unit;
      const Vec<T> c_old = load(c);
      const auto p = load_peephole<true>(s.weights.units.peephole, unit);
      const Inside<T> now = inside<T, G>(z, c_old, p);
      const Vec<T> o = output_gate<T>(z[Order<G>::o], now.c, p);
      store(c_seen + unit, now.c);
      store(o_seen + unit, o);
      Vec<T> c_kept = now.c;
      if (zoneout_.on)
        c_kept = mix<T>(zoneout_.old_share(schedule_.order[row], schedule_.place(row, step), unit).c, c_old, now.c);
      store(c, c_kept);
      save(s.lines[q], streams_, tile, {now.i, now.f, now.g, o}, c_kept);
    }
    const Moments<T> m = moments(c_seen, n_.hidden);
    for (int64_t unit = 0; unit < n_.hidden_p; unit += lanes<T>) {
      const Vec<T> normed_c = (load(c_seen + unit) - m.mean) * m.inverse_deviation;
      const Vec<T> h = load(o_seen + unit) * tanh<T>(fma(normed_c, load(s.weights.units.norm_cell[0] + unit),
                                                         load(s.weights.units.norm_cell[1] + unit)));
      if (p_.projection) {
        store_values(s.hidden + q * n_.hidden_p + unit, h);
        continue;
      }
      Vec<T> share{};
      if (zoneout_.on) share = zoneout_.old_share(schedule_.order[row], schedule_.place(row, step), unit).h;
      put_out<false, false>(places(s, step, q, unit), 0, s.lines[q].output + unit, h, share, n_.outputs - unit);
    }
  }

  static GATECELL_INLINE void save(const Line& line, bool streams, int64_t tile, const Gates<T>& gates, Vec<T> c) {
    if (!line.gates) return;
    if (streams)
      stream_gates<T, G>(line.gates + tile * tile_z, gates);
    else
      store_gates<T, G>(line.gates + tile * tile_z, gates);
    store(line.cells + tile * lanes<T>, c);
  }

  int64_t record(int64_t step, int64_t row) const { return schedule_.records[step] + row; }

  const gatecell_problem& p_;
  const Sizes<E> n_;
  const Schedule& schedule_;
  const gatecell_weights* given_;
  ForwardWeights<E> packed_{};  // what all threads read; each may have its own instead
  const gatecell_run& run_;
  Arena& arena_;
  const Zoneout<T> zoneout_;
  Saved<T> saved_{};
  bool streams_ = false;
  const bool plain_;  // no option acts on cells one by one
  int64_t a_stride_ = 0;
};

}  // namespace gatecell::GATECELL_ISA_NAME
