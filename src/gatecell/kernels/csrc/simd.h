// Vectors of the widest registers that this translation unit is compiled for.
//
// GCC's and Clang's vector extensions carry the arithmetic, on any processor; only what they lack is spelled in
// intrinsics. The code is compiled with -ffp-contract=off: a product and a sum become one fma where, and only where,
// `fma` is written, so that a value has the same bits whichever template computes it.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifndef GATECELL_ISA_NAME
#error "GATECELL_ISA_NAME names the namespace of one instruction set; the build gives it"
#endif

#define GATECELL_INLINE inline __attribute__((always_inline))

namespace gatecell::GATECELL_ISA_NAME {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

template <class T>
struct Lane;

template <>
struct Lane<float> {
  typedef float vector __attribute__((vector_size(vector_bytes), may_alias));
  typedef int32_t integers __attribute__((vector_size(vector_bytes), may_alias));
  static constexpr int mantissa_bits = 23;
};

template <>
struct Lane<double> {
  typedef double vector __attribute__((vector_size(vector_bytes), may_alias));
  typedef int64_t integers __attribute__((vector_size(vector_bytes), may_alias));
  static constexpr int mantissa_bits = 52;
};

template <class T>
using Vec = typename Lane<T>::vector;
template <class T>
using Mask = typename Lane<T>::integers;  // all bits of a lane set or clear
template <class T>
constexpr int lanes = vector_bytes / int(sizeof(T));

constexpr int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// A stride for rows of n values, an odd number of cache lines: what is read down the rows must not meet in a few cache sets.
template <class T>
constexpr int64_t odd_lines(int64_t n) {
  constexpr int64_t line = 64 / int64_t(sizeof(T));
  return (round_up(n, line) / line | 1) * line;
}
constexpr int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }

template <class T>
GATECELL_INLINE Vec<T> load(const T* from) {
  Vec<T> v;
  memcpy(&v, from, sizeof v);
  return v;
}

template <class T>
GATECELL_INLINE void store(T* to, Vec<T> v) {
  memcpy(to, &v, sizeof v);
}

template <class T>
GATECELL_INLINE void add(T* to, Vec<T> value) {
  store(to, load(to) + value);
}

// to += from, over whole vectors
template <class T>
inline void add_all(T* to, const T* from, int64_t count) {
  for (int64_t k = 0; k < count; k += lanes<T>) add(to + k, load(from + k));
}

// Asks for `count` values from `from` on, to read or to write them soon, where the processor does not foresee it.
template <bool Writes = false, class T>
GATECELL_INLINE void fetch(const T* from, int64_t count) {
  for (int64_t k = 0; k < count; k += 64 / int64_t(sizeof(T))) __builtin_prefetch(from + k, Writes);
}

// Past the caches: for what is not read before long. `to` is aligned to a vector; end_streams() comes before others read.
#if defined(__AVX512F__)
GATECELL_INLINE void stream(float* to, Vec<float> v) { _mm512_stream_ps(to, v); }
GATECELL_INLINE void stream(double* to, Vec<double> v) { _mm512_stream_pd(to, v); }
#elif defined(__AVX2__)
GATECELL_INLINE void stream(float* to, Vec<float> v) { _mm256_stream_ps(to, v); }
GATECELL_INLINE void stream(double* to, Vec<double> v) { _mm256_stream_pd(to, v); }
#else
template <class T>
GATECELL_INLINE void stream(T* to, Vec<T> v) {
  store(to, v);
}
#endif
GATECELL_INLINE void end_streams() {
#if defined(__AVX2__)
  _mm_sfence();
#endif
}

// Spelled out, because `Vec<T>{} + value` costs an addition (and loses the sign of -0), which compilers do not see through.
#if defined(__AVX512F__)
GATECELL_INLINE Vec<float> broadcast(float value) { return _mm512_set1_ps(value); }
GATECELL_INLINE Vec<double> broadcast(double value) { return _mm512_set1_pd(value); }
#elif defined(__AVX2__)
GATECELL_INLINE Vec<float> broadcast(float value) { return _mm256_set1_ps(value); }
GATECELL_INLINE Vec<double> broadcast(double value) { return _mm256_set1_pd(value); }
#else
GATECELL_INLINE Vec<float> broadcast(float value) { return Vec<float>{value, value, value, value}; }
GATECELL_INLINE Vec<double> broadcast(double value) { return Vec<double>{value, value}; }
#endif

// The first n of a vector's lanes; the others are 0. Nothing behind them is read or written.
#if defined(__AVX512F__)
GATECELL_INLINE uint32_t first_lanes(int64_t n) { return n >= 32 ? ~0u : (1u << n) - 1; }
GATECELL_INLINE Vec<float> load_first(const float* from, int64_t n) {
  return _mm512_maskz_loadu_ps(__mmask16(first_lanes(n)), from);
}
GATECELL_INLINE Vec<double> load_first(const double* from, int64_t n) {
  return _mm512_maskz_loadu_pd(__mmask8(first_lanes(n)), from);
}
GATECELL_INLINE void store_first(float* to, Vec<float> v, int64_t n) {
  _mm512_mask_storeu_ps(to, __mmask16(first_lanes(n)), v);
}
GATECELL_INLINE void store_first(double* to, Vec<double> v, int64_t n) {
  _mm512_mask_storeu_pd(to, __mmask8(first_lanes(n)), v);
}
#else
template <class T>
GATECELL_INLINE Vec<T> load_first(const T* from, int64_t n) {
  if (n >= lanes<T>) return load(from);
  Vec<T> v{};
  memcpy(&v, from, size_t(n) * sizeof(T));
  return v;
}
template <class T>
GATECELL_INLINE void store_first(T* to, Vec<T> v, int64_t n) {
  if (n >= lanes<T>)
    store(to, v);
  else
    memcpy(to, &v, size_t(n) * sizeof(T));
}
#endif

#if defined(__AVX512F__)
GATECELL_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm512_fmadd_ps(a, b, c); }
GATECELL_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm512_fmadd_pd(a, b, c); }
#elif defined(__AVX2__)
GATECELL_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm256_fmadd_ps(a, b, c); }
GATECELL_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm256_fmadd_pd(a, b, c); }
#elif defined(__aarch64__)
GATECELL_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
  return (Vec<float>)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
GATECELL_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
  return (Vec<double>)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}
#else
template <class V>
GATECELL_INLINE V fma(V a, V b, V c) {
  return a * b + c;
}
#endif

// x above one bound or between two; a NaN stays. (The instructions return their second operand where one is NaN.)
#if defined(__AVX512F__)
GATECELL_INLINE Vec<float> at_least(Vec<float> x, float low) { return _mm512_max_ps(broadcast(low), x); }
GATECELL_INLINE Vec<double> at_least(Vec<double> x, double low) { return _mm512_max_pd(broadcast(low), x); }
GATECELL_INLINE Vec<float> clamp(Vec<float> x, float low, float high) {
  return _mm512_max_ps(broadcast(low), _mm512_min_ps(broadcast(high), x));
}
GATECELL_INLINE Vec<double> clamp(Vec<double> x, double low, double high) {
  return _mm512_max_pd(broadcast(low), _mm512_min_pd(broadcast(high), x));
}
#elif defined(__AVX2__)
GATECELL_INLINE Vec<float> at_least(Vec<float> x, float low) { return _mm256_max_ps(broadcast(low), x); }
GATECELL_INLINE Vec<double> at_least(Vec<double> x, double low) { return _mm256_max_pd(broadcast(low), x); }
GATECELL_INLINE Vec<float> clamp(Vec<float> x, float low, float high) {
  return _mm256_max_ps(broadcast(low), _mm256_min_ps(broadcast(high), x));
}
GATECELL_INLINE Vec<double> clamp(Vec<double> x, double low, double high) {
  return _mm256_max_pd(broadcast(low), _mm256_min_pd(broadcast(high), x));
}
#else
template <class V, class T>
GATECELL_INLINE V at_least(V x, T low) {
  const V lower = broadcast(low);
  return x < lower ? lower : x;
}
template <class V, class T>
GATECELL_INLINE V clamp(V x, T low, T high) {
  const V lower = broadcast(low), upper = broadcast(high);
  x = x > upper ? upper : x;
  return x < lower ? lower : x;
}
#endif

// The bits of x that say its sign.
template <class T>
GATECELL_INLINE Mask<T> sign_bit(Vec<T> x) {
  return (Mask<T>)x & (Mask<T>)broadcast(T(-0.0));
}
// The first n lanes of v; the others are 0.
template <class T>
GATECELL_INLINE Vec<T> keep_first(Vec<T> v, int64_t n) {
  T values[lanes<T>];
  store(values, v);
  return load_first(values, n);
}

// Sum over lanes, halves of the vector at a time, always in the same order.
template <class T, int Bytes = vector_bytes, class V>
GATECELL_INLINE T sum(V v) {
  if constexpr (Bytes == 2 * sizeof(T)) {
    return v[0] + v[1];
  } else {
    typedef T half __attribute__((vector_size(Bytes / 2)));
    half low, high;
    memcpy(&low, &v, sizeof low);
    memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof low, sizeof high);
    return sum<T, Bytes / 2>(half(low + high));
  }
}

// Turns a square block of values round: lane k of v[i] becomes lane i of v[k].
template <class T>
GATECELL_INLINE void transpose(Vec<T> (&v)[lanes<T>]) {
  constexpr int n = lanes<T>;
#if defined(__clang__)
  // Clang's shuffles take literal indices only
  T from[n][n], to[n][n];
  for (int i = 0; i < n; ++i) store(from[i], v[i]);
  for (int i = 0; i < n; ++i)
    for (int k = 0; k < n; ++k) to[k][i] = from[i][k];
  for (int i = 0; i < n; ++i) v[i] = load(to[i]);
#else
  // off-diagonal squares of width 1, 2, 4, ... change places (Eklundh 1972)
#pragma GCC unroll 4
  for (int width = 1; width < n; width *= 2) {
    typename Lane<T>::integers low, high;
#pragma GCC unroll 16
    for (int k = 0; k < n; ++k) {
      low[k] = k & width ? n + k - width : k;
      high[k] = k & width ? n + k : k + width;
    }
#pragma GCC unroll 16
    for (int i = 0; i < n; ++i)
      if (!(i & width)) {
        const Vec<T> first = v[i], second = v[i + width];
        v[i] = __builtin_shuffle(first, second, low);
        v[i + width] = __builtin_shuffle(first, second, high);
      }
  }
#endif
}

// Denormal numbers cost a hundred cycles each and carry nothing that training needs: within the engine they are 0.
class FlushDenormals {
 public:
#if defined(__x86_64__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#elif defined(__aarch64__)
  FlushDenormals() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(before_));
    __asm__ volatile("msr fpcr, %0" : : "r"(before_ | (uint64_t(1) << 24)));
  }
  ~FlushDenormals() { __asm__ volatile("msr fpcr, %0" : : "r"(before_)); }

 private:
  uint64_t before_;
#else
  FlushDenormals() {}
#endif
};

}  // namespace gatecell::GATECELL_ISA_NAME
