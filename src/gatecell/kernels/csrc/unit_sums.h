// Gradients of the parameters of single units, summed over steps: biases, peepholes, gains.
#pragma once
#include "cell.h"
#include "pack.h"

namespace gatecell::GATECELL_ISA_NAME {

// Of a group of rows, or of one row.
template <class T>
struct UnitSums {
  T* bias;            // in the order of z
  T* peephole[3];     // i, f, o
  T* norm_input;      // in the order of z
  T* norm_recurrent;  // likewise
  T* norm_cell[2];    // gain, shift
  int64_t values;     // of all of them

  template <class E>
  static UnitSums carve(T* base, const Sizes<E>& n, const gatecell_problem& p) {
    Carver carver(base);
    UnitSums u{};
    u.bias = carver.take<T>(n.z);
    if (p.peephole)
      for (T*& gate : u.peephole) gate = carver.take<T>(n.hidden_p);
    if (p.layer_norm) {
      u.norm_input = carver.take<T>(n.z);
      u.norm_recurrent = carver.take<T>(n.z);
      for (T*& part : u.norm_cell) part = carver.take<T>(n.hidden_p);
    }
    u.values = carver.used() / int64_t(sizeof(T));
    return u;
  }

  template <int G>
  void add_peephole(int64_t unit, const Vec<T> (&d_z)[G], Vec<T> c_old, Vec<T> c) const {
    using order = Order<G>;
    if constexpr (!order::coupled) add(peephole[0] + unit, d_z[order::i] * c_old);
    add(peephole[1] + unit, d_z[order::f] * c_old);
    add(peephole[2] + unit, d_z[order::o] * c);
  }

  // Into the gradients that are asked for.
  template <class E>
  void write(const Sizes<E>& n, const gatecell_weights& to) const {
    const auto unpack = [&](const T* from, int64_t parts, void* values, int64_t place = 0) {
      if (values) unpack_units(from, n.hidden, parts, static_cast<T*>(values) + place);
    };
    unpack(bias, n.gates, to.bias);
    unpack(norm_input, n.gates, to.norm_input);
    unpack(norm_recurrent, n.gates, to.norm_recurrent);
    for (int part = 0; part < 2; ++part) unpack(norm_cell[part], 1, to.norm_cell, part * n.hidden);
    const int first_gate = n.gates == 3 ? 1 : 0;  // without i when coupled
    for (int gate = first_gate; gate < 3; ++gate)
      unpack(peephole[gate], 1, to.peephole, (gate - first_gate) * n.hidden);
  }
};

}  // namespace gatecell::GATECELL_ISA_NAME
