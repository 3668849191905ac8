// The equations of one cell on vectors of units, forward and backward; ../README.md derives the latter.
#pragma once
#include "functions.h"

namespace gatecell::GATECELL_ISA_NAME {

// The gates' order among G: i f g o, or f g o when coupled.
template <int G>
struct Order {
  static constexpr bool coupled = G == 3;
  static constexpr int i = 0, f = coupled ? 0 : 1, g = G - 2, o = G - 1;
};

template <class T>
struct Gates {
  Vec<T> i, f, g, o;
};

template <class T>
struct Peephole {
  Vec<T> i, f, o;  // all 0 without peepholes
};

// What a cell computes before its output gate, which with peepholes sees the new c.
template <class T>
struct Inside {
  Vec<T> i, f, g, c;
};

template <class T, int G>
GATECELL_INLINE Inside<T> inside(const Vec<T> (&z)[G], Vec<T> c_old, const Peephole<T>& p) {
  using order = Order<G>;
  Inside<T> v;
  v.f = sigmoid<T>(fma(p.f, c_old, z[order::f]));
  if constexpr (order::coupled)
    v.i = T(1) - v.f;
  else
    v.i = sigmoid<T>(fma(p.i, c_old, z[order::i]));
  v.g = tanh<T>(z[order::g]);
  v.c = fma(v.f, c_old, v.i * v.g);
  return v;
}

template <class T>
GATECELL_INLINE Vec<T> output_gate(Vec<T> z_o, Vec<T> c, const Peephole<T>& p) {
  return sigmoid<T>(fma(p.o, c, z_o));
}

template <class T, int G>
GATECELL_INLINE void store_gates(T* to, const Gates<T>& v) {
  using order = Order<G>;
  if constexpr (!order::coupled) store(to + order::i * lanes<T>, v.i);
  store(to + order::f * lanes<T>, v.f);
  store(to + order::g * lanes<T>, v.g);
  store(to + order::o * lanes<T>, v.o);
}

template <class T, int G>
GATECELL_INLINE void stream_gates(T* to, const Gates<T>& v) {
  using order = Order<G>;
  if constexpr (!order::coupled) stream(to + order::i * lanes<T>, v.i);
  stream(to + order::f * lanes<T>, v.f);
  stream(to + order::g * lanes<T>, v.g);
  stream(to + order::o * lanes<T>, v.o);
}

template <class T, int G>
GATECELL_INLINE Gates<T> load_gates(const T* from) {
  using order = Order<G>;
  Gates<T> v;
  v.f = load(from + order::f * lanes<T>);
  v.i = order::coupled ? T(1) - v.f : load(from + order::i * lanes<T>);
  v.g = load(from + order::g * lanes<T>);
  v.o = load(from + order::o * lanes<T>);
  return v;
}

// Gradients of the pre-activations z and of the old cell state, from those of o and of the new c (without o's peephole).
template <class T, int G>
GATECELL_INLINE Vec<T> cell_backward(const Gates<T>& v, Vec<T> c_old, Vec<T> d_o, Vec<T> d_c, const Peephole<T>& p,
                                     Vec<T> (&d_z)[G]) {
  using order = Order<G>;
  d_z[order::o] = d_o * v.o * (T(1) - v.o);
  d_c = fma(d_z[order::o], p.o, d_c);
  const Vec<T> d_i = d_c * v.g;
  Vec<T> d_f = d_c * c_old;
  if constexpr (order::coupled) d_f -= d_i;
  d_z[order::g] = d_c * v.i * (T(1) - v.g * v.g);
  d_z[order::f] = d_f * v.f * (T(1) - v.f);
  Vec<T> d_c_old = fma(d_c, v.f, d_z[order::f] * p.f);
  if constexpr (!order::coupled) {
    d_z[order::i] = d_i * v.i * (T(1) - v.i);
    d_c_old = fma(d_z[order::i], p.i, d_c_old);
  }
  return d_c_old;
}

}  // namespace gatecell::GATECELL_ISA_NAME
