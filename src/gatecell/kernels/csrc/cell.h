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

// The weights through which the gates see c. What sees nothing costs nothing.
template <class T, bool On>
struct Peephole {
  Vec<T> i, f, o;

  static GATECELL_INLINE Vec<T> see(Vec<T> weight, Vec<T> c, Vec<T> z) { return fma(weight, c, z); }
};
template <class T>
struct Peephole<T, false> {
  static constexpr int i = 0, f = 0, o = 0;

  static GATECELL_INLINE Vec<T> see(int, Vec<T>, Vec<T> z) { return z; }
};

// The weights of i, f and o for one vector of units.
template <bool On, class T>
GATECELL_INLINE Peephole<T, On> load_peephole(T* const (&weights)[3], int64_t unit) {
  if constexpr (On)
    return {load(weights[0] + unit), load(weights[1] + unit), load(weights[2] + unit)};
  else
    return {};
}

// What a cell computes before its output gate, which with peepholes sees the new c.
template <class T>
struct Inside {
  Vec<T> i, f, g, c;
};

template <class T, int G, bool On>
GATECELL_INLINE Inside<T> inside(const Vec<T> (&z)[G], Vec<T> c_old, const Peephole<T, On>& p) {
  using order = Order<G>;
  Inside<T> v;
  v.f = sigmoid<T>(p.see(p.f, c_old, z[order::f]));
  if constexpr (order::coupled)
    v.i = T(1) - v.f;
  else
    v.i = sigmoid<T>(p.see(p.i, c_old, z[order::i]));
  v.g = tanh<T>(z[order::g]);
  v.c = fma(v.f, c_old, v.i * v.g);
  return v;
}

template <class T, bool On>
GATECELL_INLINE Vec<T> output_gate(Vec<T> z_o, Vec<T> c, const Peephole<T, On>& p) {
  return sigmoid<T>(p.see(p.o, c, z_o));
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

// v (1 - v) and 1 - v^2, the derivatives of sigmoid and tanh, rounded once.
template <class V>
GATECELL_INLINE V sigmoid_slope(V v) {
  return fma(-v, v, v);
}
template <class T>
GATECELL_INLINE Vec<T> tanh_slope(Vec<T> v) {
  return fma(-v, v, broadcast(T(1)));
}

// Gradients of the pre-activations z and of the old cell state, from those of o and of the new c (without o's peephole).
template <class T, int G, bool On>
GATECELL_INLINE Vec<T> cell_backward(const Gates<T>& v, Vec<T> c_old, Vec<T> d_o, Vec<T> d_c, const Peephole<T, On>& p,
                                     Vec<T> (&d_z)[G]) {
  using order = Order<G>;
  d_z[order::o] = d_o * sigmoid_slope(v.o);
  d_c = p.see(p.o, d_z[order::o], d_c);
  const Vec<T> d_i = d_c * v.g;
  Vec<T> d_f = d_c * c_old;
  if constexpr (order::coupled) d_f -= d_i;
  d_z[order::g] = d_c * v.i * tanh_slope<T>(v.g);
  d_z[order::f] = d_f * sigmoid_slope(v.f);
  Vec<T> d_c_old = p.see(p.f, d_z[order::f], d_c * v.f);
  if constexpr (!order::coupled) {
    d_z[order::i] = d_i * sigmoid_slope(v.i);
    d_c_old = p.see(p.i, d_z[order::i], d_c_old);
  }
  return d_c_old;
}

}  // namespace gatecell::GATECELL_ISA_NAME
