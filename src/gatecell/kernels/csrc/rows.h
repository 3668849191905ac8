// The rows that one thread carries through time.
#pragma once
#include "layout.h"
#include "philox.h"
#include "schedule.h"

namespace gatecell::GATECELL_ISA_NAME {

// Rows first, first + stride, ... of the sorted rows: dealt out like cards, so that long and short ones are shared evenly.
struct Deal {
  int64_t first, stride;

  // How many of the first `active` sorted rows are in this deal; they are its first ones.
  int64_t count(int64_t active) const { return active > first ? (active - first - 1) / stride + 1 : 0; }
  int64_t row(int64_t index) const { return first + index * stride; }
};

// The dropout masks of the rows of a deal, drawn or given; NULL without dropout.
template <class T>
struct DropoutMasks {
  T* input;      // [rows][inputs], padded to whole vectors
  T* recurrent;  // [rows][outputs_p]
  int64_t input_stride;

  template <class E>
  static DropoutMasks allocate(const gatecell_problem& p, const Sizes<E>& n, int64_t rows, Arena& arena) {
    DropoutMasks m{};
    m.input_stride = Columns<T>{n.inputs}.padded();
    if (p.training && p.input_dropout > 0) m.input = arena.array<T>(rows * m.input_stride);
    if (p.training && p.recurrent_dropout > 0) m.recurrent = arena.array<T>(rows * n.outputs_p);
    return m;
  }

  template <class E>
  void fill(const gatecell_problem& p, const Sizes<E>& n, const Schedule& schedule, const Deal& deal) const {
    const Source source{p.seed, p.stream};
    for (int64_t q = 0; q < deal.count(schedule.rows); ++q) {
      const int64_t row = schedule.order[deal.row(q)];
      if (input) {
        T* mask = input + q * input_stride;
        if (p.input_mask)
          memcpy(mask, static_cast<const T*>(p.input_mask) + row * n.inputs, size_t(n.inputs) * sizeof(T));
        else
          draw_dropout(mask, n.inputs, p.input_dropout, input_dropout, row, source);
      }
      if (recurrent) {
        T* mask = recurrent + q * n.outputs_p;
        for (int64_t u = n.outputs; u < n.outputs_p; ++u) mask[u] = T(0);
        if (p.recurrent_mask)
          memcpy(mask, static_cast<const T*>(p.recurrent_mask) + row * n.outputs, size_t(n.outputs) * sizeof(T));
        else
          draw_dropout(mask, n.outputs, p.recurrent_dropout, recurrent_dropout, row, source);
      }
    }
  }
};

// to = from * mask over `count` values, as values of operands; a mask of NULL is all ones.
template <class Value, class T>
inline void masked_copy(Value* to, const T* from, const T* mask, int64_t count) {
  int64_t u = 0;
  for (; u + lanes<T> <= count; u += lanes<T>) {
    const Vec<T> value = load(from + u);
    store_values(to + u, mask ? value * load(mask + u) : value);
  }
  if (const int64_t n = count - u; n > 0) {
    const Vec<T> value = load_first(from + u, n);
    store_first_values(to + u, mask ? value * load_first(mask + u, n) : value, n);
  }
}

// The steps of a row that do not count are 0.
template <class T>
inline void clear_uncounted(const gatecell_problem& p, const Schedule& schedule, int64_t row, const gatecell_sequence& s,
                            int64_t size) {
  const int64_t b = schedule.order[row], count = schedule.counts[row];
  if (p.mask) {
    for (int64_t t = 0; t < p.steps; ++t)
      if (!p.mask[b * p.steps + t]) memset(at<T>(s, b, t), 0, size_t(size) * sizeof(T));
  } else {
    for (int64_t t = count; t < p.steps; ++t) memset(at<T>(s, b, t), 0, size_t(size) * sizeof(T));
  }
}

// The share that the old values of c and h have in the new ones.
template <class T>
struct OldShare {
  Vec<T> c, h;
};

// Zoneout: in training a share is 1 or 0, drawn; otherwise it is the expectation.
template <class T>
class Zoneout {
 public:
  Zoneout(const gatecell_problem& p)
      : on(p.zoneout_c > 0 || p.zoneout_h > 0), training_(p.training), c_(p.zoneout_c), h_(p.zoneout_h),
        source_{p.seed, p.stream} {}

  const bool on;

  GATECELL_INLINE OldShare<T> old_share(int64_t row, int64_t step, int64_t unit) const {
    if (!training_) return {broadcast(T(c_)), broadcast(T(h_))};
    const Below<T> kept = draw_zoneout<T>(unit, step, row, source_, c_, h_);
    const Vec<T> one = broadcast(T(1)), zero{};
    return {kept.first ? one : zero, kept.second ? one : zero};
  }

 private:
  bool training_;
  double c_, h_;
  Source source_;
};

// Whether no option acts on cells one by one.
template <class T>
inline bool plain_cells(const gatecell_problem& p) {
  return !Zoneout<T>(p).on && !p.projection && !p.peephole;
}

// share * before + (1 - share) * after; exactly one of the two where the share is 0 or 1.
template <class T>
GATECELL_INLINE Vec<T> mix(Vec<T> share, Vec<T> before, Vec<T> after) {
  return fma(share, before, (T(1) - share) * after);
}

}  // namespace gatecell::GATECELL_ISA_NAME
