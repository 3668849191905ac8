// sigmoid and tanh of vectors, through exp.
//
// Range reduction x = n ln 2 + r, |r| <= ln 2 / 2 (Cephes, Moshier 1984), then a polynomial for e^r - 1: of the least greatest
// relative error in single precision, the Taylor series in double. tanh goes through e^y - 1, so that it keeps its relative
// accuracy near 0. tests/kernels/test_functions.py states and measures the error bounds.
#pragma once
#include "simd.h"

namespace gatecell::GATECELL_ISA_NAME {

// e^r - 1 - r = r^2 * polynomial(r); the coefficients stand with the highest power first.
template <class T>
struct ExpPolynomial;

template <>
struct ExpPolynomial<float> {
  static constexpr float coefficients[] = {1.387069584e-3f, 8.366271853e-3f, 4.166743532e-2f, 1.666654646e-1f,
                                           4.999999702e-1f};
  static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  static constexpr float limit = 87.0f;  // e^87 and its inverse are normal numbers
  static constexpr float tanh_limit = 10.0f;  // from here on tanh is 1
};

template <>
struct ExpPolynomial<double> {
  static constexpr double coefficients[] = {
      1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0,
      1.0 / 5040.0,       1.0 / 720.0,       1.0 / 120.0,      1.0 / 24.0,      1.0 / 6.0,      0.5};
  static constexpr double ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
  static constexpr double limit = 708.0;
  static constexpr double tanh_limit = 20.0;
};

constexpr double log2_e = 1.44269504088896340736, ln2 = 0.69314718055994530942;

// 1.5 * 2^mantissa_bits: added, it rounds to an integer, which then stands in the low bits.
template <class T>
constexpr T rounding = T(3) * T(int64_t(1) << (Lane<T>::mantissa_bits - 1));

// 2^n of an integer to which `rounding` was added: shifted into the place of the exponent, and added to the bits of 1.
template <class T>
GATECELL_INLINE Vec<T> power_of_two(Vec<T> shifted) {
  return (Vec<T>)(((Mask<T>)shifted << Lane<T>::mantissa_bits) + (Mask<T>)broadcast(T(1)));
}

// Factor^2 * polynomial(Factor * r)
template <class T, int Factor>
GATECELL_INLINE Vec<T> exp_polynomial(Vec<T> r) {
  using P = ExpPolynomial<T>;
  constexpr int count = sizeof P::coefficients / sizeof(T);
  constexpr auto scale = [](int power) { return T(int64_t(1) << (Factor == 2 ? power : 0)); };
  Vec<T> p = broadcast(P::coefficients[0] * scale(count + 1));
#pragma GCC unroll 16
  for (int k = 1; k < count; ++k) p = fma(p, r, broadcast(P::coefficients[k] * scale(count + 1 - k)));
  return p;
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
GATECELL_INLINE Vec<T> sigmoid(Vec<T> x) {
  using P = ExpPolynomial<T>;
  x = clamp(x, -P::limit, P::limit);
  const Vec<T> shifted = fma(x, broadcast(T(-log2_e)), broadcast(rounding<T>)), n = shifted - rounding<T>;
  const Vec<T> r = fma(n, broadcast(-P::ln2_low), fma(n, broadcast(-P::ln2_high), -x)), scale = power_of_two<T>(shifted);
  const Vec<T> rest = fma(exp_polynomial<T, 1>(r), r * r, r);
  return reciprocal(fma(scale, rest, scale + T(1)));  // 1 + e^-x
}

template <class T>
GATECELL_INLINE Vec<T> tanh(Vec<T> x) {
  using P = ExpPolynomial<T>;
  // e^(2y) - 1 for y = -|x|, by steps of ln 2 / 2: few of them, so that one number is good enough for it
  const Vec<T> y = at_least((Vec<T>)((Mask<T>)x | (Mask<T>)broadcast(T(-0.0))), -P::tanh_limit);
  const Vec<T> shifted = fma(y, broadcast(T(2 * log2_e)), broadcast(rounding<T>)), n = shifted - rounding<T>;
  const Vec<T> r = fma(n, broadcast(T(-ln2 / 2)), y), scale = power_of_two<T>(shifted);
  const Vec<T> rest = r * fma(exp_polynomial<T, 2>(r), r, broadcast(T(2)));
  const Vec<T> minus = fma(scale, rest, scale - T(1));  // loses nothing near 0, where scale is 1
  const Vec<T> value = minus * reciprocal(minus + T(2));
  return (Vec<T>)((Mask<T>)value ^ (Mask<T>)broadcast(T(-0.0)) ^ sign_bit<T>(x));
}

}  // namespace gatecell::GATECELL_ISA_NAME
