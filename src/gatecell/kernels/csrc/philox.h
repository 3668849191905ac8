// Philox4x32-10 (Salmon et al. 2011), one counter a lane: the same bits as ../random.py.
#pragma once
#include "simd.h"

namespace gatecell::GATECELL_ISA_NAME {

enum Kind { input_dropout = 0, recurrent_dropout = 1, zoneout = 2 };

// Where random numbers come from: the counter of a place is (unit, step, row, 4 * stream + kind), the key is the seed.
struct Source {
  uint64_t seed;
  int64_t stream;
};

typedef uint64_t Words __attribute__((vector_size(vector_bytes), may_alias));
constexpr int words = vector_bytes / 8;

// Products of the low halves of each lane.
GATECELL_INLINE Words multiply_words(Words a, Words b) {
#if defined(__AVX512F__)
  return (Words)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (Words)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
  return (Words)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

struct WordPair {
  Words first, second;
};

// The first two words at the units first_unit, first_unit + 1, ...
GATECELL_INLINE WordPair philox(uint64_t first_unit, uint64_t step, uint64_t row, uint64_t use, uint64_t seed) {
  Words c0 = Words{} + first_unit, c1 = Words{} + step, c2 = Words{} + row, c3 = Words{} + use;
  for (int k = 0; k < words; ++k) c0[k] += uint64_t(k);
  uint32_t k0 = uint32_t(seed), k1 = uint32_t(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const Words p0 = multiply_words(c0, Words{} + 0xD2511F53u), p1 = multiply_words(c2, Words{} + 0xCD9E8D57u);
    c0 = (p1 >> 32) ^ c1 ^ uint64_t(k0);
    c2 = (p0 >> 32) ^ c3 ^ uint64_t(k1);
    c1 = p1 & 0xffffffffu;
    c3 = p0 & 0xffffffffu;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {c0, c1};
}

inline uint64_t threshold(double probability) { return uint64_t(probability * 4294967296.0); }

template <class T>
struct Below {
  Mask<T> first, second;
};

// Where the first word is below `first`, and the second below `second`.
template <class T>
GATECELL_INLINE Below<T> draw_below(uint64_t unit, uint64_t step, uint64_t row, uint64_t use, uint64_t seed,
                                    uint64_t first, uint64_t second) {
  Below<T> result;
  if constexpr (sizeof(T) == 8) {
    const WordPair w = philox(unit, step, row, use, seed);
    result.first = w.first < (Words{} + first);
    result.second = w.second < (Words{} + second);
  } else {
    int32_t one[lanes<T>], two[lanes<T>];
    for (int half = 0; half < 2; ++half) {
      const WordPair w = philox(unit + uint64_t(half * words), step, row, use, seed);
      const auto below_first = w.first < (Words{} + first), below_second = w.second < (Words{} + second);
      for (int k = 0; k < words; ++k) {
        one[half * words + k] = int32_t(below_first[k]);
        two[half * words + k] = int32_t(below_second[k]);
      }
    }
    memcpy(&result.first, one, sizeof one);
    memcpy(&result.second, two, sizeof two);
  }
  return result;
}

// One row of a dropout mask: 0 where dropped, 1 / (1 - probability) where kept.
template <class T>
inline void draw_dropout(T* mask, int64_t units, double probability, Kind kind, int64_t row, const Source& source) {
  const Vec<T> kept = broadcast(T(1) / T(1.0 - probability));
  const uint64_t use = uint64_t(4 * source.stream + kind);
  for (int64_t u = 0; u < units; u += lanes<T>) {
    const Below<T> below =
        draw_below<T>(uint64_t(u), 0, uint64_t(row), use, source.seed, threshold(probability), 0);
    store_first(mask + u, below.first ? Vec<T>{} : kept, units - u);
  }
}

// Where c and where h keep their old value, for the units of one vector at one step.
template <class T>
GATECELL_INLINE Below<T> draw_zoneout(int64_t unit, int64_t step, int64_t row, const Source& source,
                                      double probability_c, double probability_h) {
  return draw_below<T>(uint64_t(unit), uint64_t(step), uint64_t(row), uint64_t(4 * source.stream + zoneout),
                       source.seed, threshold(probability_c), threshold(probability_h));
}

}  // namespace gatecell::GATECELL_ISA_NAME
