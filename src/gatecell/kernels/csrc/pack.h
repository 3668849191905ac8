// Weights brought into the order in which the inner loops read them, and gradients brought back.
#pragma once
#include "layout.h"

namespace gatecell::GATECELL_ISA_NAME {

// to[k * stride + lane] = from[lane * columns + k]
template <class T>
inline void pack_transposed(const T* from, int64_t rows, int64_t columns, T* to, int64_t stride) {
  if (rows == lanes<T>) {
    for (int64_t k = 0; k < columns; ++k)
      for (int lane = 0; lane < lanes<T>; ++lane) to[k * stride + lane] = from[lane * columns + k];
    return;
  }
  for (int64_t k = 0; k < columns; ++k)
    for (int64_t lane = 0; lane < rows; ++lane) to[k * stride + lane] = from[lane * columns + k];
}

// to[lane * columns + k] = from[k * stride + lane]
template <class T>
inline void unpack_transposed(const T* from, int64_t stride, T* to, int64_t rows, int64_t columns) {
  constexpr int64_t block = 64 / int64_t(sizeof(T));
  for (int64_t first = 0; first < columns; first += block) {
    const int64_t last = min_of(first + block, columns);
    for (int64_t lane = 0; lane < rows; ++lane)
      for (int64_t k = first; k < last; ++k) to[lane * columns + k] = from[k * stride + lane];
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

template <class T>
inline void pack_unit_parameters(const gatecell_problem& p, const Sizes<T>& n, const gatecell_weights& w,
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

// [I + P][gates and units] of one tile.
template <class T>
inline void pack_gates(const Sizes<T>& n, const gatecell_weights& w, int64_t tile, T* to) {
  const int64_t stride = n.width(tile), units = n.units(tile);
  to += tile * n.k * n.tile_z;
  if (units < lanes<T>) memset(to, 0, size_t(n.k * stride) * sizeof(T));
  for (int64_t gate = 0; gate < n.gates; ++gate) {
    const int64_t first = gate * n.hidden + tile * lanes<T>;
    pack_transposed(static_cast<const T*>(w.input) + first * n.inputs, units, n.inputs, to + gate * units, stride);
    pack_transposed(static_cast<const T*>(w.recurrent) + first * n.outputs, units, n.outputs,
                    to + n.inputs * stride + gate * units, stride);
  }
}

// Row k of a packed matrix of this depth.
template <class T>
inline void pack_row(const T* from, const Columns<T>& columns, int64_t depth, int64_t k, T* to) {
  for (int64_t group = 0; group < columns.groups(); ++group) {
    const int64_t first = columns.first(group), vectors = columns.first(group + 1) - first;
    T* place = to + first * lanes<T> * depth + k * vectors * lanes<T>;
    for (int64_t v = 0; v < vectors; ++v) {
      const int64_t column = (first + v) * lanes<T>;
      store(place + v * lanes<T>, load_first(from + column, columns.size - column));
    }
  }
}

// W or U, (G * H, columns), with its rows in the order of a row of z, for products of gradients of z with it.
template <class T>
inline void pack_for_backward(const Sizes<T>& n, const T* from, const Columns<T>& columns, int64_t tile, T* to) {
  const int64_t units = n.units(tile);
  for (int64_t gate = 0; gate < n.gates; ++gate)
    for (int64_t unit = 0; unit < units; ++unit)
      pack_row(from + (gate * n.hidden + tile * lanes<T> + unit) * columns.size, columns, n.gates * n.hidden,
               tile * n.tile_z + gate * units + unit, to);
}

// R^T: (H, P), from R (P, H).
template <class T>
inline void pack_projection(const Sizes<T>& n, const T* from, T* to) {
  const Columns<T> columns{n.outputs};
  for (int64_t group = 0; group < columns.groups(); ++group) {
    const int64_t first = columns.first(group), vectors = columns.first(group + 1) - first;
    T* place = to + first * lanes<T> * n.hidden;
    for (int64_t k = 0; k < n.hidden; ++k)
      for (int64_t c = 0; c < vectors * lanes<T>; ++c, ++place) {
        const int64_t column = first * lanes<T> + c;
        *place = column < n.outputs ? from[column * n.hidden + k] : T(0);
      }
  }
}

// A number that changes with nearly every change of the weights: a hash of a few values of each. It finds what PyTorch's
// version counters miss, such as an update through `.data`.
template <class T>
inline uint64_t fingerprint(const gatecell_problem& p, const gatecell_weights& w) {
  constexpr int64_t samples = 16;
  const Sizes<T> n(p);
  const int64_t rows = n.gates * n.hidden;
  uint64_t hash = 14695981039346656037u;
  const auto add = [&](const void* values, int64_t count) {
    if (!values) return;
    for (int64_t k = 0; k < samples; ++k) {
      uint64_t bits = 0;
      memcpy(&bits, static_cast<const T*>(values) + (count - 1) * k / (samples - 1), sizeof(T));
      hash = (hash ^ bits) * 1099511628211u;
      hash ^= hash >> 29;
    }
  };
  add(w.input, rows * n.inputs);
  add(w.recurrent, rows * n.outputs);
  add(w.bias, rows);
  add(w.peephole, (n.gates - 1) * n.hidden);
  add(w.norm_input, rows);
  add(w.norm_recurrent, rows);
  add(w.norm_cell, 2 * n.hidden);
  add(w.projection, n.outputs * n.hidden);
  return hash;
}

}  // namespace gatecell::GATECELL_ISA_NAME
