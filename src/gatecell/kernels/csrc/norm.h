// Layer normalisation of one row (Ba, Kiros & Hinton 2016), and its gradient.
#pragma once
#include "simd.h"

namespace gatecell::GATECELL_ISA_NAME {

constexpr double layer_norm_epsilon = 1e-5;  // ../options.py

template <class T>
struct Moments {
  T mean, inverse_deviation;
};

// The sum of `count` terms, a vector of them at a time: add(sum, k) adds those from k on. In four chains, lest each addition
// wait for the one before.
template <class T, class Add>
GATECELL_INLINE T sum_over(int64_t count, const Add& add) {
  constexpr int chains = 4;
  Vec<T> sums[chains] = {};
  int64_t k = 0;
  for (; k + chains * lanes<T> <= count; k += chains * lanes<T>)
#pragma GCC unroll 4
    for (int c = 0; c < chains; ++c) sums[c] = add(sums[c], k + c * lanes<T>);
  for (; k < count; k += lanes<T>) sums[0] = add(sums[0], k);
  return sum<T>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

// Of the first `count` values; those that fill up the last vector must be 0.
template <class T>
inline Moments<T> moments(const T* row, int64_t count) {
  const T mean = sum_over<T>(count, [&](Vec<T> total, int64_t k) { return total + load(row + k); }) / T(count);
  const T variance = sum_over<T>(count, [&](Vec<T> total, int64_t k) {
    Vec<T> d = load(row + k) - mean;
    if (count - k < lanes<T>) d = keep_first<T>(d, count - k);
    return fma(d, d, total);
  }) / T(count);
  return {mean, T(1) / T(__builtin_sqrt(variance + T(layer_norm_epsilon)))};
}

// The gradient of v, for n = (v - mean) / deviation and gradients d of n: (d - mean(d) - n * mean(d * n)) / deviation.
// First every vector of d and n is added, values that fill up the last one being 0; then gradients follow.
template <class T>
class NormGradient {
 public:
  GATECELL_INLINE void add(Vec<T> n, Vec<T> d) {
    d_ += d;
    dn_ = fma(d, n, dn_);
  }
  GATECELL_INLINE void finish(int64_t count, T inverse_deviation) {
    mean_d_ = sum<T>(d_) / T(count);
    mean_dn_ = sum<T>(dn_) / T(count);
    inverse_deviation_ = inverse_deviation;
  }
  GATECELL_INLINE Vec<T> of(Vec<T> n, Vec<T> d) const {
    return fma(-n, broadcast(mean_dn_), d - mean_d_) * inverse_deviation_;
  }

 private:
  Vec<T> d_{}, dn_{};
  T mean_d_, mean_dn_, inverse_deviation_;
};

}  // namespace gatecell::GATECELL_ISA_NAME
