// A number that says whether weights are those that were packed: a hash of every bit of them, because PyTorch counts no
// version for what is written through `.data` or a NumPy view. To compare with a copy would read twice as much.
#pragma once
#include "layout.h"
#include "threads.h"

namespace gatecell::GATECELL_ISA_NAME {

typedef uint64_t Words __attribute__((vector_size(vector_bytes), may_alias));
constexpr int words_in_vector = vector_bytes / 8;

// The lower half of each word times its upper half.
GATECELL_INLINE Words product_of_halves(Words v, Words upper) {
#if defined(__AVX512F__)
  return (Words)_mm512_mul_epu32((__m512i)v, (__m512i)upper);
#elif defined(__AVX2__)
  return (Words)_mm256_mul_epu32((__m256i)v, (__m256i)upper);
#elif defined(__x86_64__)
  return (Words)_mm_mul_epu32((__m128i)v, (__m128i)upper);
#else
  return (v & 0xffffffffu) * upper;
#endif
}

// The hash NH of UMAC (Black et al. 1999, section 4), a sum of products of halves of keyed words modulo 2^64, with the words
// added, as in XXH3: without them a change would vanish where the other half is 0. With them the change of a single half
// always shows: the sum changes by less than 2^64 and by more than 0.
//
// The key of each word follows from its place, so that values that change places show, and that sums of parts of the
// weights, from several threads, may be added in any order.
class WordSums {
 public:
  explicit WordSums(int64_t first_place) {
    for (int k = 0; k < words_in_vector; ++k)
      key_[k] = uint64_t(k + 1) * 0xd1b54a32d192ed03u + uint64_t(first_place) * key_step;
  }

  GATECELL_INLINE void add(Words v) {
    v ^= key_;
    sums_ += product_of_halves(v, v >> 32) + v;
    key_ += key_step;
  }

  uint64_t total() const {
    uint64_t total = 0;
    for (int k = 0; k < words_in_vector; ++k) total += sums_[k] * (uint64_t(2 * k + 1) * 0x9fb21c651e98df25u);
    return total;
  }

 private:
  static constexpr uint64_t key_step = 0x9e3779b97f4a7c15u;
  Words key_, sums_{};
};

// Calls body(values, count) for each array of weights; those that the options lack are NULL.
template <class T, class Body>
void for_each_weight(const gatecell_problem& p, const gatecell_weights& w, const Body& body) {
  const Sizes<T> n(p);
  const int64_t rows = n.gates * n.hidden;
  const auto call = [&](const void* values, int64_t count) { body(static_cast<const T*>(values), values ? count : 0); };
  call(w.input, rows * n.inputs);
  call(w.recurrent, rows * n.outputs);
  call(w.bias, rows);
  call(w.peephole, (n.gates - 1) * n.hidden);
  call(w.norm_input, rows);
  call(w.norm_recurrent, rows);
  call(w.norm_cell, 2 * n.hidden);
  call(w.projection, n.outputs * n.hidden);
}

template <class T>
uint64_t fingerprint(const gatecell_problem& p, const gatecell_weights& w) {
  constexpr int64_t worth_a_thread = 192 << 10;  // bytes; below, waking a thread takes longer
  int64_t bytes = 0;
  for_each_weight<T>(p, w, [&](const T*, int64_t count) { bytes += count * int64_t(sizeof(T)); });
  const Threads threads(p.parallel_for, p.parallel_for ? max_of(1, min_of(p.threads, bytes / worth_a_thread)) : 1);
  uint64_t total = 0;
  threads.each([&](int64_t part) {
    uint64_t sum = 0;
    int64_t place = 0;  // of an array's first vector, counted over all arrays
    for_each_weight<T>(p, w, [&](const T* values, int64_t count) {
      const int64_t vectors = round_up(count, lanes<T>) / lanes<T>;
      const int64_t first = threads.first(part, vectors), last = threads.first(part + 1, vectors);
      const int64_t whole = min_of(last, count / lanes<T>);
      WordSums sums(place + first);
      for (int64_t k = first; k < whole; ++k) sums.add((Words)load(values + k * lanes<T>));
      if (first <= whole && whole < last) sums.add((Words)load_first(values + whole * lanes<T>, count - whole * lanes<T>));
      sum += sums.total();
      place += vectors;
    });
    __atomic_fetch_add(&total, sum, __ATOMIC_RELAXED);
  });
  return total;
}

}  // namespace gatecell::GATECELL_ISA_NAME
