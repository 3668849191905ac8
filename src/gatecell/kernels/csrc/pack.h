// Weights brought into the order in which the inner loops read them, and gradients brought back.
#pragma once
#include "layout.h"

namespace gatecell::GATECELL_ISA_NAME {

// How many blocks ahead what is turned round is fetched: from one block to the next lie too many rows for the processor to
// foresee.
constexpr int64_t blocks_ahead = 2;

// to[k * stride + lane] = from[lane * columns + k] for `rows` lanes, a square block at a time
template <class T>
inline void pack_transposed(const T* from, int64_t rows, int64_t columns, T* to, int64_t stride) {
  for (int64_t first = 0; first < columns; first += lanes<T>) {
    const int64_t count = min_of(lanes<T>, columns - first);
    Vec<T> block[lanes<T>];
    for (int lane = 0; lane < lanes<T>; ++lane)
      block[lane] = lane < rows ? load_first(from + lane * columns + first, count) : Vec<T>{};
    if (first + blocks_ahead * lanes<T> < columns)
      for (int64_t lane = 0; lane < rows; ++lane)
        __builtin_prefetch(from + lane * columns + first + blocks_ahead * lanes<T>);
    transpose<T>(block);
    for (int64_t k = 0; k < count; ++k) store_units(to + (first + k) * stride, block[k], rows);
  }
}

// The same for pairs: to[k * stride + lane] = the values 2k and 2k + 1 of row `lane`, the last one 0 where there is none.
inline void pack_transposed(const float* from, int64_t rows, int64_t columns, Pair* to, int64_t stride) {
  constexpr int64_t values = 2 * lanes<Pair>;
  for (int64_t first = 0; first < columns; first += values) {
    const int64_t count = min_of(values, columns - first);
    Vec<float> block[lanes<Pair>];  // the bits of pairs
    for (int lane = 0; lane < lanes<Pair>; ++lane) {
      block[lane] = Vec<float>{};
      if (lane >= rows) continue;
      alignas(64) BFloat16 line[values];
      const float* row = from + lane * columns + first;
      store_values(line, load_first(row, count));
      store_values(line + lanes<Pair>, load_first(row + lanes<Pair>, max_of(0, count - lanes<Pair>)));
      memcpy(&block[lane], line, sizeof line);
    }
    transpose<float>(block);
    for (int64_t k = 0; k < operands<Pair>(count); ++k)
      store_units(reinterpret_cast<float*>(to + (first / 2 + k) * stride), block[k], rows);
  }
}

// to[lane * columns + k] = from[k * stride + lane] for `rows` lanes
template <class T>
inline void unpack_transposed(const T* from, int64_t stride, T* to, int64_t rows, int64_t columns) {
  for (int64_t first = 0; first < columns; first += lanes<T>) {
    const int64_t count = min_of(lanes<T>, columns - first);
    Vec<T> block[lanes<T>];
    for (int64_t k = 0; k < lanes<T>; ++k)
      block[k] = k < count ? load_units(from + (first + k) * stride, rows) : Vec<T>{};
    if (const int64_t ahead = first + blocks_ahead * lanes<T>; ahead < columns) {
      for (int64_t k = 0; k < lanes<T>; ++k) __builtin_prefetch(from + (ahead + k) * stride);
      for (int64_t lane = 0; lane < rows; ++lane) __builtin_prefetch(to + lane * columns + ahead, 1);
    }
    transpose<T>(block);
    for (int64_t lane = 0; lane < rows; ++lane) store_first(to + lane * columns + first, block[lane], count);
  }
}

// Values of units, (parts * H), in the order of a row of z for `parts` gates, or back; where there are none they are 0.
template <class T>
inline void pack_units(const T* from, int64_t hidden, int64_t parts, T* to) {
  for (int64_t k = parts * hidden; k < Columns<T>{parts * hidden}.padded(); ++k) to[k] = T(0);
  for (int64_t first = 0; first < hidden; first += lanes<T>)
    for (int64_t part = 0; part < parts; ++part)
      for (int64_t unit = first; unit < min_of(first + lanes<T>, hidden); ++unit)
        *to++ = from ? from[part * hidden + unit] : T(0);
}

template <class T>
inline void unpack_units(const T* from, int64_t hidden, int64_t parts, T* to) {
  for (int64_t first = 0; first < hidden; first += lanes<T>)
    for (int64_t part = 0; part < parts; ++part)
      for (int64_t unit = first; unit < min_of(first + lanes<T>, hidden); ++unit) to[part * hidden + unit] = *from++;
}

template <class E, class T>
inline void pack_unit_parameters(const gatecell_problem& p, const Sizes<E>& n, const gatecell_weights& w,
                                 const UnitParameters<T>& to) {
  pack_units(static_cast<const T*>(w.bias), n.hidden, n.gates, to.bias);
  // the rows of the peephole weights are i f o, or f o when coupled
  const T* peephole = static_cast<const T*>(w.peephole);
  for (int gate = 0; gate < 3; ++gate) {
    const int row = gate - (p.coupled_gates ? 1 : 0);
    pack_units(peephole && row >= 0 ? peephole + row * n.hidden : nullptr, n.hidden, 1, to.peephole[gate]);
  }
  if (!p.layer_norm) return;
  pack_units(static_cast<const T*>(w.norm_input), n.hidden, n.gates, to.norm_input);
  pack_units(static_cast<const T*>(w.norm_recurrent), n.hidden, n.gates, to.norm_recurrent);
  for (int part = 0; part < 2; ++part)
    pack_units(static_cast<const T*>(w.norm_cell) + part * n.hidden, n.hidden, 1, to.norm_cell[part]);
}

// [operands of x~ and h~][gates and units] of one tile.
template <class E>
inline void pack_gates(const Sizes<E>& n, const gatecell_weights& w, int64_t tile, E* to) {
  using T = SumOf<E>;
  const int64_t stride = n.width(tile), units = n.units(tile);
  to += tile * n.k * n.tile_z;
  if (units < lanes<E>) memset(to, 0, size_t(n.k * stride) * sizeof(E));
  for (int64_t gate = 0; gate < n.gates; ++gate) {
    const int64_t first = gate * n.hidden + tile * lanes<E>;
    pack_transposed(static_cast<const T*>(w.input) + first * n.inputs, units, n.inputs, to + gate * units, stride);
    pack_transposed(static_cast<const T*>(w.recurrent) + first * n.outputs, units, n.outputs,
                    to + n.inputs_k * stride + gate * units, stride);
  }
}

// R^T: (H, P), from R (P, H).
template <class E>
inline void pack_projection(const Sizes<E>& n, const SumOf<E>* from, E* to) {
  const Columns<E> columns{n.outputs};
  const int64_t size = operands<E>(n.hidden);
  memset(to, 0, size_t(size * n.outputs_p) * sizeof(E));
  for (int64_t group = 0; group < columns.groups(); ++group) {
    const int64_t first = columns.first(group), vectors = columns.first(group + 1) - first;
    E* place = to + first * lanes<E> * size;
    for (int64_t v = 0; v < vectors; ++v) {
      const int64_t column = (first + v) * lanes<E>, rows = min_of(lanes<E>, n.outputs - column);
      pack_transposed(from + column * n.hidden, rows, n.hidden, place + v * lanes<E>, vectors * lanes<E>);
    }
  }
}

// What the forward pass reads: the tiles first..last-1, and with the first of them what is not in tiles.
template <class E>
inline void pack_forward(const gatecell_problem& p, const Sizes<E>& n, const gatecell_weights& w,
                         const ForwardWeights<E>& to, int64_t first, int64_t last) {
  using T = SumOf<E>;
  for (int64_t tile = first; tile < last; ++tile) pack_gates(n, w, tile, to.gates);
  if (first > 0 || last == 0) return;
  pack_unit_parameters(p, n, w, to.units);
  if (p.projection) pack_projection(n, static_cast<const T*>(w.projection), to.projection);
}

// Operand k of a packed matrix of this depth, from the rows of its values; for pairs `second` may be NULL: zero.
template <class E>
inline void pack_rows(const SumOf<E>* first, const SumOf<E>* second, const Columns<E>& columns, int64_t depth, int64_t k,
                      E* to) {
  for (int64_t group = 0; group < columns.groups(); ++group) {
    const int64_t begin = columns.first(group), vectors = columns.first(group + 1) - begin;
    E* place = to + begin * lanes<E> * depth + k * vectors * lanes<E>;
    for (int64_t v = 0; v < vectors; ++v) {
      const int64_t column = (begin + v) * lanes<E>, count = columns.size - column;
      const Vec<SumOf<E>> other = second ? load_first(second + column, count) : Vec<SumOf<E>>{};
      store(place + v * lanes<E>, join<E>(load_first(first + column, count), other));
    }
  }
}

// W or U, (G * H, columns), with its rows in the order of a row of z, for products of gradients of z with it.
template <class E>
inline void pack_for_backward(const Sizes<E>& n, const SumOf<E>* from, const Columns<E>& columns, int64_t tile, E* to) {
  const int64_t units = n.units(tile), count = n.gates * units;
  const auto row = [&](int64_t k) {
    return k < count ? from + (k / units * n.hidden + tile * lanes<E> + k % units) * columns.size : nullptr;
  };
  for (int64_t k = 0; k < count; k += depth<E>)
    pack_rows(row(k), depth<E> > 1 ? row(k + 1) : nullptr, columns, operands<E>(n.gates * n.hidden),
              (tile * n.tile_z + k) / depth<E>, to);
}

// What the backward pass reads: the tiles first..last-1, and with the first of them what is not in tiles.
template <class E>
inline void pack_backward(const gatecell_problem& p, const Sizes<E>& n, const gatecell_weights& w,
                          const BackwardWeights<E>& to, int64_t first, int64_t last) {
  using T = SumOf<E>;
  for (int64_t tile = first; tile < last; ++tile) {
    pack_for_backward(n, static_cast<const T*>(w.recurrent), to.recurrent.columns, tile, const_cast<E*>(to.recurrent.data));
    if (to.input.data)
      pack_for_backward(n, static_cast<const T*>(w.input), to.input.columns, tile, const_cast<E*>(to.input.data));
  }
  if (first > 0 || last == 0) return;
  pack_unit_parameters(p, n, w, to.units);
  const T* r = static_cast<const T*>(w.projection);
  for (int64_t k = 0; p.projection && k < n.outputs; k += depth<E>)
    pack_rows(r + k * n.hidden, depth<E> > 1 && k + 1 < n.outputs ? r + (k + 1) * n.hidden : nullptr,
              to.projection.columns, to.projection.k, k / depth<E>, const_cast<E*>(to.projection.data));
}

}  // namespace gatecell::GATECELL_ISA_NAME
