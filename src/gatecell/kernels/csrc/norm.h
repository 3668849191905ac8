// Layer normalisation of one row (Ba, Kiros & Hinton 2016), laid out as [tiles][parts][lanes], and its gradient.
#pragma once
#include "simd.h"

namespace gatecell::GATECELL_ISA_NAME {

constexpr double layer_norm_epsilon = 1e-5;  // ../options.py

// The lanes of a tile that hold a unit, all ones; the others 0.
template <class T>
GATECELL_INLINE Vec<T> unit_lanes(int64_t tile, int64_t hidden) {
  Vec<T> ones;
  for (int k = 0; k < lanes<T>; ++k) ones[k] = tile * lanes<T> + k < hidden ? T(1) : T(0);
  return ones;
}

template <class T>
struct Moments {
  T mean, inverse_deviation;
};

// Lanes that hold no unit must be 0.
template <class T>
inline Moments<T> moments(const T* row, int64_t hidden, int64_t parts) {
  const int64_t tiles = (hidden + lanes<T> - 1) / lanes<T>;
  Vec<T> total{};
  for (int64_t k = 0; k < tiles * parts; ++k) total += load(row + k * lanes<T>);
  const T mean = sum<T>(total) / T(hidden * parts);
  Vec<T> squares{};
  for (int64_t j = 0; j < tiles; ++j) {
    const Vec<T> exists = unit_lanes<T>(j, hidden);
    for (int64_t part = 0; part < parts; ++part) {
      const Vec<T> d = (load(row + (j * parts + part) * lanes<T>) - mean) * exists;
      squares = fma(d, d, squares);
    }
  }
  const T variance = sum<T>(squares) / T(hidden * parts);
  return {mean, T(1) / T(__builtin_sqrt(variance + T(layer_norm_epsilon)))};
}

// For n = (v - mean) / deviation and a gradient d of n: the gradient of v is
// (d - mean(d) - n * mean(d * n)) / deviation. Lanes of d that hold no unit must be 0.
template <class T>
inline void normalise_backward(const T* n, const T* d, T inverse_deviation, T* result, int64_t vectors, int64_t count) {
  Vec<T> sum_d{}, sum_dn{};
  for (int64_t k = 0; k < vectors; ++k) {
    const Vec<T> dk = load(d + k * lanes<T>);
    sum_d += dk;
    sum_dn = fma(dk, load(n + k * lanes<T>), sum_dn);
  }
  const Vec<T> mean_d = broadcast(sum<T>(sum_d) / T(count)), mean_dn = broadcast(sum<T>(sum_dn) / T(count));
  for (int64_t k = 0; k < vectors; ++k) {
    const Vec<T> centred = load(d + k * lanes<T>) - mean_d;
    store(result + k * lanes<T>, fma(-load(n + k * lanes<T>), mean_dn, centred) * inverse_deviation);
  }
}

}  // namespace gatecell::GATECELL_ISA_NAME
