// What products of matrices are made of: numbers as they are, or pairs of bfloat16.
//
// An operand E holds depth<E> values that are neighbours on the axis which is summed over. A vector of pairs has as many
// lanes as one of float, so that one inner loop serves both; only its multiply-add is another.
#pragma once
#include "simd.h"

namespace gatecell::GATECELL_ISA_NAME {

// The upper half of a float.
struct BFloat16 {
  uint16_t bits;
};

// Two bfloat16; the first stands in the lower half.
struct Pair {
  uint32_t bits;
};

template <>
struct Lane<Pair> {
  typedef uint32_t vector __attribute__((vector_size(vector_bytes), may_alias));
  typedef uint16_t halves __attribute__((vector_size(vector_bytes / 2), may_alias));
};

template <class E>
struct Operand {
  using Sum = E;
  using Value = E;
  static constexpr int depth = 1;
};

template <>
struct Operand<Pair> {
  using Sum = float;
  using Value = BFloat16;
  static constexpr int depth = 2;
};

template <class E>
using SumOf = typename Operand<E>::Sum;  // the numbers that products are summed in
template <class E>
using ValueOf = typename Operand<E>::Value;  // one value of an operand
template <class E>
constexpr int depth = Operand<E>::depth;  // values in an operand

template <class E>
constexpr int64_t operands(int64_t values) {
  return (values + depth<E> - 1) / depth<E>;
}

#if defined(__AVX512F__)
GATECELL_INLINE Vec<Pair> broadcast(Pair value) { return (Vec<Pair>)_mm512_set1_epi32(int32_t(value.bits)); }
#elif defined(__AVX2__)
GATECELL_INLINE Vec<Pair> broadcast(Pair value) { return (Vec<Pair>)_mm256_set1_epi32(int32_t(value.bits)); }
#else
GATECELL_INLINE Vec<Pair> broadcast(Pair value) {
  return Vec<Pair>{value.bits, value.bits, value.bits, value.bits};
}
#endif

// Whether the processor multiplies and adds pairs itself; set once, when the library is loaded.
inline bool dot_products = false;

// sum + a * b, over all values of an operand. With Dot, by the processor's own instruction, which rounds once more or less.
template <bool Dot>
GATECELL_INLINE Vec<float> add_product(Vec<float> a, Vec<float> b, Vec<float> sum) {
  return fma(a, b, sum);
}
template <bool Dot>
GATECELL_INLINE Vec<double> add_product(Vec<double> a, Vec<double> b, Vec<double> sum) {
  return fma(a, b, sum);
}
template <bool Dot>
GATECELL_INLINE Vec<float> add_product(Vec<Pair> a, Vec<Pair> b, Vec<float> sum) {
#if defined(__AVX512BF16__)
  if constexpr (Dot) return (Vec<float>)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#endif
  sum = fma((Vec<float>)(a << 16), (Vec<float>)(b << 16), sum);
  return fma((Vec<float>)(a & 0xffff0000u), (Vec<float>)(b & 0xffff0000u), sum);
}

// The bits of the nearest bfloat16, ties to even, as those of a float whose lower half means nothing.
GATECELL_INLINE Vec<Pair> rounded(Vec<float> v) {
  const Vec<Pair> bits = (Vec<Pair>)v;
  // rounding could carry a NaN over into another number
  return v == v ? bits + 0x7fffu + (bits >> 16 & 1u) : bits | 0x400000u;
}

// One operand a lane, from the first and the second value of each; a number is its first value.
template <class E>
GATECELL_INLINE Vec<E> join(Vec<SumOf<E>> first, Vec<SumOf<E>> second) {
  if constexpr (depth<E> == 1)
    return first;
  else
    return rounded(first) >> 16 | (rounded(second) & 0xffff0000u);
}

// A vector of values, side by side as they are.
template <class T>
GATECELL_INLINE void store_values(T* to, Vec<T> v) {
  store(to, v);
}
GATECELL_INLINE void store_values(BFloat16* to, Vec<float> v) {
  const auto halves = __builtin_convertvector(rounded(v) >> 16, Lane<Pair>::halves);
  memcpy(to, &halves, sizeof halves);
}

// The first n of them, and 0 for what is missing to a whole operand; the lanes of v behind n are 0.
template <class T>
GATECELL_INLINE void store_first_values(T* to, Vec<T> v, int64_t n) {
  store_first(to, v, n);
}
GATECELL_INLINE void store_first_values(BFloat16* to, Vec<float> v, int64_t n) {
  if (n >= lanes<float>) return store_values(to, v);
  BFloat16 values[lanes<float>];
  store_values(values, v);
  const int64_t whole = n + n % 2;
#if defined(__AVX512F__)
  _mm256_mask_storeu_epi16(to, __mmask16(first_lanes(whole)), _mm256_loadu_si256(reinterpret_cast<__m256i*>(values)));
#else
  memcpy(to, values, size_t(whole) * sizeof(BFloat16));
#endif
}

// Rows of values, `count` of them, as one row of pairs; `second` may be NULL: zero. Both are readable to the end of the last
// vector.
inline void interleave(const BFloat16* first, const BFloat16* second, int64_t count, Pair* to) {
  for (int64_t k = 0; k < count; k += lanes<Pair>) {
    Lane<Pair>::halves low, high{};
    memcpy(&low, first + k, sizeof low);
    if (second) memcpy(&high, second + k, sizeof high);
    store(to + k, Vec<Pair>(__builtin_convertvector(low, Vec<Pair>) | __builtin_convertvector(high, Vec<Pair>) << 16));
  }
}

}  // namespace gatecell::GATECELL_ISA_NAME
