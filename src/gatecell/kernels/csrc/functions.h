// sigmoid and tanh of vectors, through exp.
//
// Range reduction x = n ln 2 / steps + r, |r| <= ln 2 / steps / 2, then a polynomial for e^r. Where two registers hold a
// table of 2^(j / 32), steps is 32 (Tang 1989), and the polynomial is short; elsewhere steps is 1 (Cephes, Moshier 1984).
// tanh goes through e^y - 1, so that it keeps its relative accuracy near 0. tests/kernels/test_functions.py states and measures
// the error bounds.
#pragma once
#include "simd.h"

namespace gatecell::GATECELL_ISA_NAME {

// e^r - 1 = r * polynomial(r); the coefficients stand with the highest power first. Where only e^r counts, `of_exp` will do.
template <class T>
struct ExpPolynomial;

template <>
struct ExpPolynomial<float> {
#if defined(__AVX512F__)
  static constexpr int log2_steps = 5, steps = 1 << log2_steps;
  static constexpr float coefficients[] = {1.0f / 6, 0.5f, 1.0f};      // Taylor
  static constexpr float of_exp[] = {0.50000488f, 1.00001466f};  // of the least greatest error
#else
  static constexpr int steps = 1;
  static constexpr float coefficients[] = {1.387069584e-3f, 8.366271853e-3f, 4.166743532e-2f, 1.666654646e-1f,
                                           4.999999702e-1f, 1.0f};  // of the least greatest relative error
  static constexpr const auto& of_exp = coefficients;
#endif
  static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  static constexpr float limit = 87.0f;  // e^87 and its inverse are normal numbers
  static constexpr float tanh_limit = 10.0f;  // from here on tanh is 1
};

template <>
struct ExpPolynomial<double> {
  static constexpr int steps = 1;
  static constexpr double coefficients[] = {
      1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0, 1.0 / 5040.0,
      1.0 / 720.0,        1.0 / 120.0,       1.0 / 24.0,       1.0 / 6.0,       0.5,            1.0};  // Taylor
  static constexpr const auto& of_exp = coefficients;
  static constexpr double ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
  static constexpr double limit = 708.0;
  static constexpr double tanh_limit = 20.0;
};

constexpr double log2_e = 1.44269504088896340736, ln2 = 0.69314718055994530942;

// 1.5 * 2^mantissa_bits: added, it rounds to an integer, which then stands in the low bits.
template <class T>
constexpr T rounding = T(3) * T(int64_t(1) << (Lane<T>::mantissa_bits - 1));

// 2^(n / steps) of an integer n to which `rounding` was added.
template <class T>
GATECELL_INLINE Vec<T> power_of_two(Vec<T> shifted) {
  // n in the place of the exponent, and added to the bits of 1
  return (Vec<T>)(((Mask<T>)shifted << Lane<T>::mantissa_bits) + (Mask<T>)broadcast(T(1)));
}

// Adds to e^r - 1 by what share of itself `power_of_two` is too small; it counts where 1 is taken away, not where 1 is added.
template <class T>
GATECELL_INLINE Vec<T> with_lack(Vec<T> rest, Vec<T>) {
  return rest;
}

#if defined(__AVX512F__)
// The bits of 2^(j / 32), less those of j that reach the mantissa where n = 32 m + j is shifted into the place of the exponent.
alignas(64) constexpr int32_t powers_of_two[ExpPolynomial<float>::steps] = {
    0x3f800000, 0x3f7ecd87, 0x3f7daac3, 0x3f7c980f, 0x3f7b95c2, 0x3f7aa43a, 0x3f79c3d3, 0x3f78f4f0,
    0x3f7837f0, 0x3f778d3a, 0x3f76f532, 0x3f767043, 0x3f75fed7, 0x3f75a15b, 0x3f75583f, 0x3f7523f6,
    0x3f7504f3, 0x3f74fbaf, 0x3f7508a4, 0x3f752c4d, 0x3f75672a, 0x3f75b9be, 0x3f76248c, 0x3f76a81e,
    0x3f7744fd, 0x3f77fbb8, 0x3f78ccdf, 0x3f79b907, 0x3f7ac0c7, 0x3f7be4ba, 0x3f7d257d, 0x3f7e83b3};
template <>
GATECELL_INLINE Vec<float> power_of_two<float>(Vec<float> shifted) {
  const __m512i n = (__m512i)shifted, *const table = reinterpret_cast<const __m512i*>(powers_of_two);
  constexpr int shift = Lane<float>::mantissa_bits - ExpPolynomial<float>::log2_steps;
  return (Vec<float>)_mm512_add_epi32(_mm512_slli_epi32(n, shift), _mm512_permutex2var_epi32(table[0], n, table[1]));
}

alignas(64) constexpr float powers_of_two_lack[ExpPolynomial<float>::steps] = {
    0.0f, -4.7084577e-08f, 4.6285471e-08f, -5.5604226e-08f, -1.1992157e-08f, -4.8776064e-08f, 4.7297824e-08f, -3.4814426e-08f,
    3.1934181e-08f, -2.6886665e-08f, 3.6210573e-08f, 1.1184211e-09f, -3.0990721e-08f, -2.6383010e-08f, -7.4752132e-09f, -4.2456356e-08f,
    1.7114271e-08f, 2.3001967e-08f, -3.0476834e-08f, -1.6538537e-08f, 5.2333342e-09f, -3.5920647e-08f, 6.1075916e-09f, -3.1140544e-08f,
    -1.4719605e-08f, -2.8218101e-08f, -5.2587951e-09f, -6.3603872e-09f, -6.1282598e-09f, -2.4880408e-08f, 5.1406092e-09f, -8.6972666e-09f};
template <>
GATECELL_INLINE Vec<float> with_lack<float>(Vec<float> rest, Vec<float> shifted) {
  const __m512* const table = reinterpret_cast<const __m512*>(powers_of_two_lack);
  return rest + (Vec<float>)_mm512_permutex2var_ps(table[0], (__m512i)shifted, table[1]);
}
#endif

// The polynomial of these coefficients in Factor * r, times Factor.
template <int Factor, class T, int count>
GATECELL_INLINE Vec<T> polynomial(const T (&coefficients)[count], Vec<T> r) {
  constexpr auto scale = [](int power) { return T(int64_t(1) << (Factor == 2 ? power : 0)); };
  Vec<T> p = broadcast(coefficients[0] * scale(count));
#pragma GCC unroll 16
  for (int k = 1; k < count; ++k) p = fma(p, r, broadcast(coefficients[k] * scale(count - k)));
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
  const Vec<T> shifted = fma(x, broadcast(T(-P::steps * log2_e)), broadcast(rounding<T>)), n = shifted - rounding<T>;
  const Vec<T> high = fma(n, broadcast(-P::ln2_high / P::steps), -x), r = fma(n, broadcast(-P::ln2_low / P::steps), high);
  const Vec<T> exp_r = fma(polynomial<1>(P::of_exp, r), r, broadcast(T(1)));
  return reciprocal(fma(power_of_two<T>(shifted), exp_r, broadcast(T(1))));  // of 1 + e^-x
}

template <class T>
GATECELL_INLINE Vec<T> tanh(Vec<T> x) {
  using P = ExpPolynomial<T>;
  // e^(2y) - 1 for y = -|x|, by steps half as long: few of them, so that one number is good enough for their length
  const Vec<T> y = at_least((Vec<T>)((Mask<T>)x | (Mask<T>)broadcast(T(-0.0))), -P::tanh_limit);
  const Vec<T> shifted = fma(y, broadcast(T(2 * P::steps * log2_e)), broadcast(rounding<T>)), n = shifted - rounding<T>;
  const Vec<T> r = fma(n, broadcast(T(-ln2 / (2 * P::steps))), y), scale = power_of_two<T>(shifted);
  const Vec<T> rest = with_lack<T>(r * polynomial<2>(P::coefficients, r), shifted);
  const Vec<T> minus = fma(scale, rest, scale - T(1));  // loses nothing near 0, where scale is 1
  const Vec<T> value = minus * reciprocal(minus + T(2));
  return (Vec<T>)((Mask<T>)value ^ (Mask<T>)broadcast(T(-0.0)) ^ sign_bit<T>(x));
}

}  // namespace gatecell::GATECELL_ISA_NAME
