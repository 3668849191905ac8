// exp, sigmoid and tanh of vectors.
//
// Range reduction x = n ln 2 + r, |r| <= ln 2 / 2, then a polynomial for e^r - 1 (Cephes, Moshier 1984, in single
// precision; the Taylor series in double). tanh goes through e^y - 1, so that it keeps its relative accuracy near 0.
// tests/kernels/test_functions.py states and measures the error bounds.
#pragma once
#include "simd.h"

namespace gatecell::GATECELL_ISA_NAME {

// e^r - 1 - r = r^2 * polynomial(r); the coefficients stand with the highest power first.
template <class T>
struct ExpPolynomial;

template <>
struct ExpPolynomial<float> {
  static constexpr float coefficients[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                                           4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
  static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  static constexpr float limit = 87.0f;  // e^87 and its inverse are normal numbers
};

template <>
struct ExpPolynomial<double> {
  static constexpr double coefficients[] = {
      1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0,
      1.0 / 5040.0,       1.0 / 720.0,       1.0 / 120.0,      1.0 / 24.0,      1.0 / 6.0,      0.5};
  static constexpr double ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
  static constexpr double limit = 708.0;
};

// e^x = scale + scale * rest, where scale is a power of two; e^x - 1 = scale * rest + (scale - 1) loses nothing near 0.
template <class V>
struct ExpParts {
  V scale, rest;
};

template <class T>
GATECELL_INLINE ExpParts<Vec<T>> exp_parts(Vec<T> x) {
  using P = ExpPolynomial<T>;
  using Integers = Mask<T>;
  x = clamp(x, -P::limit, P::limit);
  // adding 1.5 * 2^mantissa_bits rounds to an integer, which then stands in the low bits; shifted into the place of the
  // exponent and added to the bits of 1 it makes 2^n
  constexpr T magic = T(3) * T(int64_t(1) << (Lane<T>::mantissa_bits - 1));
  const Vec<T> shifted = fma(x, broadcast(T(1.44269504088896340736)), broadcast(magic));
  const Vec<T> n = shifted - magic;
  const Integers exponent = ((Integers)shifted << Lane<T>::mantissa_bits) + (Integers)broadcast(T(1));
  const Vec<T> r = fma(n, broadcast(-P::ln2_low), fma(n, broadcast(-P::ln2_high), x));
  Vec<T> p = broadcast(P::coefficients[0]);
  constexpr int count = sizeof P::coefficients / sizeof(T);
#pragma GCC unroll 16
  for (int k = 1; k < count; ++k) p = fma(p, r, broadcast(P::coefficients[k]));
  return {(Vec<T>)exponent, fma(p, r * r, r)};
}

GATECELL_INLINE Vec<double> reciprocal(Vec<double> x) { return 1.0 / x; }
GATECELL_INLINE Vec<float> reciprocal(Vec<float> x) {
#if defined(__AVX512F__)
  // one Newton step on 14 good bits; the division unit would take as long as the whole polynomial
  const Vec<float> guess = _mm512_rcp14_ps(x);
  return fma(guess, fma(-x, guess, broadcast(1.0f)), guess);
#else
  return 1.0f / x;
#endif
}

template <class T>
GATECELL_INLINE Vec<T> exp(Vec<T> x) {
  const auto parts = exp_parts<T>(x);
  return fma(parts.scale, parts.rest, parts.scale);
}

template <class T>
GATECELL_INLINE Vec<T> sigmoid(Vec<T> x) {
  return reciprocal(T(1) + exp<T>(-x));
}

template <class T>
GATECELL_INLINE Vec<T> tanh(Vec<T> x) {
  const auto parts = exp_parts<T>(T(-2) * magnitude<T>(x));
  const Vec<T> minus = fma(parts.scale, parts.rest, parts.scale - T(1));  // e^(-2|x|) - 1
  const Vec<T> value = minus * reciprocal(minus + T(2));
  return (Vec<T>)((Mask<T>)value ^ (Mask<T>)broadcast(T(-0.0)) ^ sign_bit<T>(x));
}

}  // namespace gatecell::GATECELL_ISA_NAME
