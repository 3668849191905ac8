// Layer normalisation of one row (Ba, Kiros & Hinton 2016), and its gradient.
#pragma once
#include "simd.h"

namespace gatecell::GATECELL_ISA_NAME {

constexpr double layer_norm_epsilon = 1e-5;  // ../options.py

template <class T>
struct Moments {
  T mean, inverse_deviation;
};

// Of the first `count` values; those that fill up the last vector must be 0.
template <class T>
inline Moments<T> moments(const T* row, int64_t count) {
  Vec<T> total{};
  for (int64_t k = 0; k < count; k += lanes<T>) total += load(row + k);
  const T mean = sum<T>(total) / T(count);
  Vec<T> squares{};
  for (int64_t k = 0; k < count; k += lanes<T>) {
    Vec<T> d = load(row + k) - mean;
    if (count - k < lanes<T>) d = keep_first<T>(d, count - k);
    squares = fma(d, d, squares);
  }
  const T variance = sum<T>(squares) / T(count);
  return {mean, T(1) / T(__builtin_sqrt(variance + T(layer_norm_epsilon)))};
}

// For n = (v - mean) / deviation and a gradient d of n: the gradient of v is
// (d - mean(d) - n * mean(d * n)) / deviation. Values of d that fill up the last vector must be 0.
template <class T>
inline void normalise_backward(const T* n, const T* d, T inverse_deviation, T* result, int64_t count) {
  Vec<T> sum_d{}, sum_dn{};
  for (int64_t k = 0; k < count; k += lanes<T>) {
    const Vec<T> dk = load(d + k);
    sum_d += dk;
    sum_dn = fma(dk, load(n + k), sum_dn);
  }
  const Vec<T> mean_d = broadcast(sum<T>(sum_d) / T(count)), mean_dn = broadcast(sum<T>(sum_dn) / T(count));
  for (int64_t k = 0; k < count; k += lanes<T>) {
    const Vec<T> centred = load(d + k) - mean_d;
    store(result + k, fma(-load(n + k), mean_dn, centred) * inverse_deviation);
  }
}

}  // namespace gatecell::GATECELL_ISA_NAME
