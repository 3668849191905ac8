// The one inner loop of the engine: a tile of sums of products, held in registers.
#pragma once
#include "operands.h"

namespace gatecell::GATECELL_ISA_NAME {

template <int Value>
struct Constant {
  static constexpr int value = Value;
};

// How many rows a tile of N vectors has: as many as leave registers for the N weights and a broadcast value.
template <int N>
constexpr int tile_rows = vector_bytes == 64 ? (N == 4 ? 6 : 8) : (N == 4 ? 3 : N == 3 ? 4 : 6);

// The left factor of sums of products: row r's k-th operand lies at data[r * row_stride + k * k_stride]; or in `pieces`
// such runs of k, `piece_stride` apart.
template <class E>
struct Left {
  const E* data;
  int64_t row_stride, k_stride, count;
  int64_t pieces = 1, piece_stride = 0;

  Left from_row(int64_t row) const { return {data + row * row_stride, row_stride, k_stride, count, pieces, piece_stride}; }
};

// Rows of `count` values each, `stride` values apart.
template <class E>
Left<E> left_rows(const ValueOf<E>* values, int64_t stride, int64_t count) {
  return {reinterpret_cast<const E*>(values), stride / depth<E>, 1, operands<E>(count)};
}

// to[r][n] = from[r][n] + sum over k of a[r][k] * w[k][n], for N vectors n, with the rows of `from` and `to` at the given
// strides (a stride of 0: one row for all; from = NULL: zero). w is contiguous.
//
// Each element is one chain of fused multiply-adds in the order of k, whatever R is: this is why a row's bits do not
// depend on the other rows.
template <class E, int R, int N, bool Dot>
__attribute__((noinline)) void sum_products(const Left<E>& a, const E* w, const SumOf<E>* from, int64_t from_stride,
                                            SumOf<E>* to, int64_t to_stride) {
  using T = SumOf<E>;
  Vec<T> sums[R][N];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) sums[r][n] = from ? load(from + r * from_stride + n * lanes<T>) : Vec<T>{};
  const int64_t row_stride = a.row_stride, k_stride = a.k_stride;
  for (int64_t piece = 0; piece < a.pieces; ++piece) {
    const E* values = a.data + piece * a.piece_stride;
    for (int64_t k = 0; k < a.count; ++k) {
      Vec<E> weights[N];
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n) weights[n] = load(w + n * lanes<E>);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const Vec<E> value = broadcast(values[r * row_stride]);
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) sums[r][n] = add_product<Dot>(weights[n], value, sums[r][n]);
      }
      values += k_stride;
      w += N * lanes<E>;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) store(to + r * to_stride + n * lanes<T>, sums[r][n]);
}

template <class E>
using SumProducts = void (*)(const Left<E>&, const E*, const SumOf<E>*, int64_t, SumOf<E>*, int64_t);

// The function for R rows of N vectors, R <= tile_rows<N>.
template <class E, int N, bool Dot>
constexpr SumProducts<E> for_rows(int64_t rows) {
  constexpr int most = tile_rows<N>;
  switch (rows) {
    case 1: return sum_products<E, 1, N, Dot>;
    case 2: return sum_products<E, 2, N, Dot>;
    case 3: return sum_products<E, 3, N, Dot>;
    case 4: return sum_products<E, most < 4 ? most : 4, N, Dot>;
    case 5: return sum_products<E, most < 5 ? most : 5, N, Dot>;
    case 6: return sum_products<E, most < 6 ? most : 6, N, Dot>;
    case 7: return sum_products<E, most < 7 ? most : 7, N, Dot>;
    default: return sum_products<E, most, N, Dot>;
  }
}

// Calls body(first, count) for blocks of count <= most rows that cover 0 .. rows-1, of sizes as equal as can be.
template <class Body>
GATECELL_INLINE void for_row_blocks(int64_t rows, int64_t most, const Body& body) {
  const int64_t blocks = (rows + most - 1) / most;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t first = rows * block / blocks;
    body(first, rows * (block + 1) / blocks - first);
  }
}

// The columns of a matrix, in groups of at most four vectors, of sizes as equal as can be.
template <class T>
struct Columns {
  int64_t size;  // columns that exist; the last vector may be partly empty

  int64_t vectors() const { return (size + lanes<T> - 1) / lanes<T>; }
  int64_t padded() const { return vectors() * lanes<T>; }
  int64_t groups() const { return (vectors() + 3) / 4; }
  int64_t first(int64_t group) const { return vectors() * group / groups(); }  // its first vector
};

// A matrix (k, columns) packed so that each group of columns is contiguous: [group][k][vectors of the group].
template <class E>
struct Packed {
  const E* data;
  Columns<E> columns;
  int64_t k;  // operands

  const E* group(int64_t index) const { return data + columns.first(index) * lanes<E> * k; }
};

template <class E, bool Dot>
inline SumProducts<E> for_vectors(int64_t vectors, int64_t rows) {
  switch (vectors) {
    case 1: return for_rows<E, 1, Dot>(rows);
    case 2: return for_rows<E, 2, Dot>(rows);
    case 3: return for_rows<E, 3, Dot>(rows);
    default: return for_rows<E, 4, Dot>(rows);
  }
}

// The function for R rows of `vectors` vectors.
template <class E>
inline SumProducts<E> for_tile(int64_t vectors, int64_t rows) {
#if defined(__AVX512BF16__)
  if constexpr (depth<E> > 1)
    if (dot_products) return for_vectors<E, true>(vectors, rows);
#endif
  return for_vectors<E, false>(vectors, rows);
}

constexpr int64_t most_rows(int64_t vectors) {
  return vectors == 1 ? tile_rows<1> : vectors == 2 ? tile_rows<2> : vectors == 3 ? tile_rows<3> : tile_rows<4>;
}

// to (+)= the product of `rows` rows and the operands first_k, first_k + 1, ... of a packed matrix, for its groups
// first..last-1 of columns; columns that fill up the last vector are written too. What is there is added to unless
// first_k is 0.
template <class E>
void multiply(const Left<E>& a, int64_t rows, const Packed<E>& w, int64_t first, int64_t last, SumOf<E>* to,
              int64_t to_stride, int64_t first_k = 0) {
  for (int64_t group = first; group < last; ++group) {
    const int64_t vector = w.columns.first(group), vectors = w.columns.first(group + 1) - vector;
    const E* weights = w.group(group) + first_k * vectors * lanes<E>;
    for_row_blocks(rows, most_rows(vectors), [&](int64_t row, int64_t count) {
      SumOf<E>* place = to + row * to_stride + vector * lanes<E>;
      for_tile<E>(vectors, count)(a.from_row(row), weights, first_k ? place : nullptr, to_stride, place, to_stride);
    });
  }
}

}  // namespace gatecell::GATECELL_ISA_NAME
