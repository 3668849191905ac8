// Compiled once for each instruction set, with GATECELL_ISA_NAME naming it: everything below lives in its namespace, so
// that the linker cannot mix code of one set into another. For the same reason no template of the standard library is
// used here.
#include "kernels.h"

#include <time.h>

#include "backward.h"
#include "fingerprint.h"
#include "forward.h"

namespace gatecell::GATECELL_ISA_NAME {
namespace {

// Calls body with a value of the operands' type, and the number of gates as a constant.
template <class Body>
auto with_types(const gatecell_problem& p, const Body& body) {
  const auto with_gates = [&](auto operand) {
    return p.coupled_gates ? body(operand, Constant<3>()) : body(operand, Constant<4>());
  };
  if (p.dtype == GATECELL_FLOAT32) return with_gates(float());
  return p.dtype == GATECELL_FLOAT64 ? with_gates(double()) : with_gates(Pair());
}

template <class E>
Plan plan_for(const gatecell_problem& p, const Schedule& schedule) {
  const Sizes<E> n(p);
  return make_plan(p, n.tiles, n.k * n.z, sizeof(E), schedule.steps, schedule.total());
}

int64_t saved_bytes(const gatecell_problem& p, int64_t counted_steps) {
  return with_types(p, [&](auto operand, auto) {
    using E = decltype(operand);
    return carved_bytes<Saved<SumOf<E>>>(Sizes<E>(p), p, counted_steps);
  });
}

int64_t packed_bytes(const gatecell_problem& p) {
  return with_types(p, [&](auto operand, auto) {
    using E = decltype(operand);
    return carved_bytes<ForwardWeights<E>>(Sizes<E>(p), p);
  });
}

void pack(const gatecell_problem& p, const gatecell_weights& weights, void* packed) {
  with_types(p, [&](auto operand, auto) {
    using E = decltype(operand);
    const Sizes<E> n(p);
    Carver carver(packed);
    const auto to = ForwardWeights<E>::carve(carver, n, p);
    pack_forward(p, n, weights, to, 0, n.tiles);
    *to.fingerprint = fingerprint<SumOf<E>>(p, weights);
  });
}

bool stale(const gatecell_problem& p, const gatecell_weights& weights, const void* packed) {
  return with_types(p, [&](auto operand, auto) {
    using E = decltype(operand);
    Carver carver(const_cast<void*>(packed));
    return *ForwardWeights<E>::carve(carver, Sizes<E>(p), p).fingerprint != fingerprint<SumOf<E>>(p, weights);
  });
}

bool forward(const gatecell_problem& p, const Schedule& schedule, const gatecell_weights* weights, const void* packed,
             const gatecell_run& run, Arena& arena) {
  return with_types(p, [&](auto operand, auto gates) {
    using E = decltype(operand);
    const Plan plan = plan_for<E>(p, schedule);
    return Forward<E, decltype(gates)::value>(p, schedule, weights, packed, run, arena).run(plan);
  });
}

bool backward(const gatecell_problem& p, const Schedule& schedule, const gatecell_weights& weights,
              const gatecell_run& run, const gatecell_gradients& gradients, Arena& arena) {
  return with_types(p, [&](auto operand, auto gates) {
    using E = decltype(operand);
    return Backward<E, decltype(gates)::value>(p, schedule, weights, run, gradients, arena)
        .run(plan_for<E>(p, schedule));
  });
}

template <class E, bool Dot>
double peak(const Threads& threads, int64_t rounds) {
  using T = SumOf<E>;
  constexpr int chains = 12;  // enough to hide the latency of a fused multiply-add on two units
  timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  threads.each([&](int64_t) {
    // 1.0 and its negative; as pairs, two values the second of which is next to nothing
    const Vec<E> factor = (Vec<E>)broadcast(T(1)), terms[] = {(Vec<E>)broadcast(T(1)), (Vec<E>)broadcast(T(-1))};
    Vec<T> sums[chains];
    for (int k = 0; k < chains; ++k) sums[k] = broadcast(T(k));
    for (int64_t round = 0; round < rounds; ++round) {
      const Vec<E> term = terms[round & 1];
#pragma GCC unroll 12
      for (int k = 0; k < chains; ++k) sums[k] = add_product<Dot>(factor, term, sums[k]);
    }
    Vec<T> total{};
    for (int k = 0; k < chains; ++k) total += sums[k];
    volatile T used = sum<T>(total);
    (void)used;
  });
  clock_gettime(CLOCK_MONOTONIC, &end);
  const double seconds = double(end.tv_sec - start.tv_sec) + 1e-9 * double(end.tv_nsec - start.tv_nsec);
  return double(threads.count()) * double(rounds) * chains * lanes<T> * 2 * depth<E> / seconds / 1e9;
}

double peak_gflops(int32_t dtype, gatecell_parallel_for parallel_for, int64_t count, int64_t rounds) {
  const Threads threads(parallel_for, count);
  if (dtype == GATECELL_FLOAT32) return peak<float, false>(threads, rounds);
  if (dtype == GATECELL_FLOAT64) return peak<double, false>(threads, rounds);
  return dot_products ? peak<Pair, true>(threads, rounds) : peak<Pair, false>(threads, rounds);
}

template <class T>
void apply(int32_t function, const T* x, T* y, int64_t n) {
  const FlushDenormals flush;
  for (int64_t k = 0; k < n; k += lanes<T>) {
    const Vec<T> v = load_first(x + k, n - k);
    store_first(y + k, function == 0 ? sigmoid<T>(v) : tanh<T>(v), n - k);
  }
}

void function(int32_t function, int32_t dtype, const void* x, void* y, int64_t n) {
  if (dtype == GATECELL_FLOAT32)
    apply(function, static_cast<const float*>(x), static_cast<float*>(y), n);
  else
    apply(function, static_cast<const double*>(x), static_cast<double*>(y), n);
}

#if defined(__AVX512BF16__)
bool* const dot_product_switch = &dot_products;
#else
bool* const dot_product_switch = nullptr;
#endif

#define GATECELL_TEXT(name) GATECELL_TEXT_OF(name)
#define GATECELL_TEXT_OF(name) #name

}  // namespace

extern const Kernels kernels;
const Kernels kernels{GATECELL_TEXT(GATECELL_ISA_NAME), saved_bytes, packed_bytes, pack, stale, forward, backward,
                      peak_gflops, function, dot_product_switch};

}  // namespace gatecell::GATECELL_ISA_NAME
