// Sizes, and how weights and saved values lie in memory.
#pragma once
#include "accumulate.h"
#include "arena.h"
#include "gatecell.h"

namespace gatecell::GATECELL_ISA_NAME {

// Cuts arrays out of a block of memory, one after the other, each on a cache line's boundary. From NULL it only counts.
class Carver {
 public:
  explicit Carver(void* base) : base_(static_cast<char*>(base)) {}

  template <class T>
  T* take(int64_t count) {
    T* piece = base_ ? reinterpret_cast<T*>(base_ + used_) : nullptr;
    used_ += round_up(count * int64_t(sizeof(T)), 64);
    return piece;
  }
  int64_t used() const { return used_; }

 private:
  char* base_;
  int64_t used_ = 0;
};

// What a structure takes that is carved out of one block of memory.
template <class Structure, class... Arguments>
int64_t carved_bytes(const Arguments&... arguments) {
  Carver carver(nullptr);
  Structure::carve(carver, arguments...);
  return carver.used();
}

// Such a structure in an arena.
template <class Structure, class... Arguments>
Structure carved(Arena& arena, const Arguments&... arguments) {
  Carver carver(arena.bytes(size_t(carved_bytes<Structure>(arguments...))));
  return Structure::carve(carver, arguments...);
}

// A tile is one vector of units with all their G gates: [gate][unit]. The last tile holds the units that are left, as many
// vectors as their gates fill: a row of z is G * H values without a gap. Padded sizes are whole vectors.
template <class E>
struct Sizes {
  int64_t inputs, hidden, outputs;
  int64_t gates;      // G
  int64_t tiles;      // of H
  int64_t hidden_p;   // H, padded
  int64_t outputs_p;  // P, padded
  int64_t tile_z;     // values of a full tile
  int64_t z;          // G * H, padded: a row of pre-activations
  int64_t inputs_k;   // operands of x~: I, or half of it
  int64_t k;          // operands of x~ and h~, what a cell sums over

  explicit Sizes(const gatecell_problem& p)
      : inputs(p.input_size),
        hidden(p.hidden_size),
        outputs(p.output_size),
        gates(p.coupled_gates ? 3 : 4),
        tiles(Columns<E>{hidden}.vectors()),
        hidden_p(tiles * lanes<E>),
        outputs_p(Columns<E>{outputs}.padded()),
        tile_z(gates * lanes<E>),
        z(Columns<E>{gates * hidden}.padded()),
        inputs_k(operands<E>(inputs)),
        k(inputs_k + operands<E>(outputs)) {}

  int64_t units(int64_t tile) const { return min_of(lanes<E>, hidden - tile * lanes<E>); }
  // The values of one tile's part of a row of z, padded.
  int64_t width(int64_t tile) const { return min_of(tile_z, z - tile * tile_z); }
  // Where h~ begins behind x~, in values.
  int64_t recurrent_at() const { return inputs_k * depth<E>; }
};

// Small parameters, padded with 0.
template <class T>
struct UnitParameters {
  T* bias;            // z values; 0 without bias
  T* peephole[3];     // i, f, o: hidden_p values; 0 without peepholes
  T* norm_input;      // z values
  T* norm_recurrent;  // z values
  T* norm_cell[2];    // gain, shift: hidden_p values

  template <class E>
  static UnitParameters carve(Carver& carver, const Sizes<E>& n, const gatecell_problem& p) {
    UnitParameters u{};
    u.bias = carver.take<T>(n.z);
    for (T*& gate : u.peephole) gate = carver.take<T>(n.hidden_p);
    if (p.layer_norm) {
      u.norm_input = carver.take<T>(n.z);
      u.norm_recurrent = carver.take<T>(n.z);
      for (T*& part : u.norm_cell) part = carver.take<T>(n.hidden_p);
    }
    return u;
  }
};

// What the forward pass reads.
template <class E>
struct ForwardWeights {
  uint64_t* fingerprint;  // of the weights that were packed
  E* gates;  // [tiles][operands of x~ and h~][width of the tile]
  UnitParameters<SumOf<E>> units;
  E* projection;  // R^T, packed

  static ForwardWeights carve(Carver& carver, const Sizes<E>& n, const gatecell_problem& p) {
    ForwardWeights w{};
    w.fingerprint = carver.take<uint64_t>(1);
    w.gates = carver.take<E>(n.k * n.z);
    w.units = UnitParameters<SumOf<E>>::carve(carver, n, p);
    if (p.projection) w.projection = carver.take<E>(operands<E>(n.hidden) * n.outputs_p);
    return w;
  }
};

// What the backward pass reads: U, W and R, by which gradients go back.
template <class E>
struct BackwardWeights {
  UnitParameters<SumOf<E>> units;
  Packed<E> recurrent, input, projection;  // those of gradients that are asked for

  static BackwardWeights carve(Carver& carver, const Sizes<E>& n, const gatecell_problem& p, bool need_x) {
    BackwardWeights w{};
    const auto packed = [&](int64_t columns, int64_t k) -> Packed<E> {
      return {carver.take<E>(Columns<E>{columns}.padded() * k), Columns<E>{columns}, k};
    };
    w.units = UnitParameters<SumOf<E>>::carve(carver, n, p);
    const int64_t of_z = operands<E>(n.gates * n.hidden);
    w.recurrent = packed(n.outputs, of_z);
    if (need_x) w.input = packed(n.inputs, of_z);
    if (p.projection) w.projection = packed(n.hidden, operands<E>(n.outputs));
    return w;
  }
};

// What the forward pass leaves for the backward pass; each array has one row a record (see schedule.h).
template <class T>
struct Saved {
  T* gates;           // [tiles][G][lanes]
  T* cells;           // hidden_p values: c after zoneout
  T* norm_input;      // z values: W x~, normalised, before its gain
  T* norm_recurrent;  // z values: U h~, likewise
  T* deviations;      // 2 values: the inverse deviations of the two

  template <class E>
  static Saved carve(Carver& carver, const Sizes<E>& n, const gatecell_problem& p, int64_t records) {
    Saved s{};
    s.gates = carver.take<T>(records * n.tiles * n.tile_z);
    s.cells = carver.take<T>(records * n.hidden_p);
    if (p.layer_norm) {
      s.norm_input = carver.take<T>(records * n.z);
      s.norm_recurrent = carver.take<T>(records * n.z);
      s.deviations = carver.take<T>(records * 2);
    }
    return s;
  }
};

// The units of one gate of a tile.
template <class T>
GATECELL_INLINE Vec<T> load_units(const T* from, int64_t units) {
  return units == lanes<T> ? load(from) : load_first(from, units);
}
template <class T>
GATECELL_INLINE void store_units(T* to, Vec<T> v, int64_t units) {
  if (units == lanes<T>)
    store(to, v);
  else
    store_first(to, v, units);
}

// One row of a state, (rows, size), and 0 behind it; a state of NULL is 0.
template <class T>
inline void copy_padded(T* to, const T* from, int64_t row, int64_t size, int64_t padded) {
  const int64_t given = from ? size : 0;
  if (from) memcpy(to, from + row * size, size_t(size) * sizeof(T));
  memset(static_cast<void*>(to + given), 0, size_t(padded - given) * sizeof(T));
}

template <class T>
GATECELL_INLINE T* at(const gatecell_sequence& s, int64_t row, int64_t step) {
  return static_cast<T*>(s.data) + row * s.row_stride + step * s.step_stride;
}

}  // namespace gatecell::GATECELL_ISA_NAME
