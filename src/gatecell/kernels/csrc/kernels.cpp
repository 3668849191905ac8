// Compiled once for each instruction set, with GATECELL_ISA_NAME naming it: everything below lives in its namespace, so
// that the linker cannot mix code of one set into another. For the same reason no template of the standard library is
// used here.
#include "kernels.h"

#include <time.h>

#include "backward.h"
#include "forward.h"

namespace gatecell::GATECELL_ISA_NAME {
namespace {

// Calls body with a value of the number type, and the number of gates as a constant.
template <class Body>
auto with_types(const gatecell_problem& p, const Body& body) {
  if (p.dtype == GATECELL_FLOAT32)
    return p.coupled_gates ? body(float(), Constant<3>()) : body(float(), Constant<4>());
  return p.coupled_gates ? body(double(), Constant<3>()) : body(double(), Constant<4>());
}

template <class T>
void pack_forward(const gatecell_problem& p, const gatecell_weights& weights, void* packed, const Threads& threads) {
  const Sizes<T> n(p);
  Carver carver(packed);
  const auto to = ForwardWeights<T>::carve(carver, n, p);
  threads.each([&](int64_t part) {
    for (int64_t tile = threads.first(part, n.tiles); tile < threads.first(part + 1, n.tiles); ++tile)
      pack_gates(n, weights, tile, to.gates);
  });
  *to.fingerprint = fingerprint<T>(p, weights);
  pack_unit_parameters(p, n, weights, to.units);
  if (p.projection) pack_projection(n, static_cast<const T*>(weights.projection), to.projection);
}

template <class T>
Plan plan_for(const gatecell_problem& p, const Schedule& schedule) {
  const Sizes<T> n(p);
  return make_plan(p, n.tiles, n.k * n.z * int64_t(sizeof(T)), schedule.steps, schedule.total());
}

int64_t saved_bytes(const gatecell_problem& p, int64_t counted_steps) {
  return with_types(p, [&](auto number, auto) {
    using T = decltype(number);
    Carver carver(nullptr);
    Saved<T>::carve(carver, Sizes<T>(p), p, counted_steps);
    return carver.used();
  });
}

int64_t packed_bytes(const gatecell_problem& p) {
  return with_types(p, [&](auto number, auto) {
    using T = decltype(number);
    Carver carver(nullptr);
    ForwardWeights<T>::carve(carver, Sizes<T>(p), p);
    return carver.used();
  });
}

void pack(const gatecell_problem& p, const gatecell_weights& weights, void* packed) {
  with_types(p, [&](auto number, auto) { pack_forward<decltype(number)>(p, weights, packed, Threads(nullptr, 1)); });
}

bool stale(const gatecell_problem& p, const gatecell_weights& weights, const void* packed) {
  return with_types(p, [&](auto number, auto) {
    using T = decltype(number);
    Carver carver(const_cast<void*>(packed));
    return *ForwardWeights<T>::carve(carver, Sizes<T>(p), p).fingerprint != fingerprint<T>(p, weights);
  });
}

bool forward(const gatecell_problem& p, const Schedule& schedule, const gatecell_weights* weights, const void* packed,
             const gatecell_run& run, Arena& arena) {
  return with_types(p, [&](auto number, auto gates) {
    using T = decltype(number);
    const Plan plan = plan_for<T>(p, schedule);
    void* ready = const_cast<void*>(packed);
    if (!ready) {
      ready = arena.bytes(size_t(packed_bytes(p)));
      if (!ready) return false;
      pack_forward<T>(p, *weights, ready, Threads(p.parallel_for, plan.threads));
    }
    Carver carver(ready);
    const auto layer = ForwardWeights<T>::carve(carver, Sizes<T>(p), p);
    return Forward<T, decltype(gates)::value>(p, schedule, layer, run, arena).run(plan);
  });
}

bool backward(const gatecell_problem& p, const Schedule& schedule, const gatecell_weights& weights,
              const gatecell_run& run, const gatecell_gradients& gradients, Arena& arena) {
  return with_types(p, [&](auto number, auto gates) {
    using T = decltype(number);
    return Backward<T, decltype(gates)::value>(p, schedule, weights, run, gradients, arena)
        .run(plan_for<T>(p, schedule));
  });
}

template <class T>
double peak() {
  constexpr int chains = 12;  // enough to hide the latency of a fused multiply-add on two units
  constexpr int64_t rounds = 4000000;
  Vec<T> sums[chains], factor = broadcast(T(0.999)), term = broadcast(T(1e-3));
  for (int k = 0; k < chains; ++k) sums[k] = broadcast(T(k));
  timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int k = 0; k < chains; ++k) sums[k] = fma(sums[k], factor, term);
  clock_gettime(CLOCK_MONOTONIC, &end);
  Vec<T> total{};
  for (int k = 0; k < chains; ++k) total += sums[k];
  volatile T used = sum<T>(total);
  (void)used;
  const double seconds = double(end.tv_sec - start.tv_sec) + 1e-9 * double(end.tv_nsec - start.tv_nsec);
  return double(rounds) * chains * lanes<T> * 2 / seconds / 1e9;
}

double peak_gflops(int32_t dtype) { return dtype == GATECELL_FLOAT32 ? peak<float>() : peak<double>(); }

template <class T>
void apply(int32_t function, const T* x, T* y, int64_t n) {
  const FlushDenormals flush;
  for (int64_t k = 0; k < n; k += lanes<T>) {
    const Vec<T> v = load_first(x + k, n - k);
    store_first(y + k, function == 0 ? sigmoid<T>(v) : function == 1 ? tanh<T>(v) : exp<T>(v), n - k);
  }
}

void function(int32_t function, int32_t dtype, const void* x, void* y, int64_t n) {
  if (dtype == GATECELL_FLOAT32)
    apply(function, static_cast<const float*>(x), static_cast<float*>(y), n);
  else
    apply(function, static_cast<const double*>(x), static_cast<double*>(y), n);
}

#define GATECELL_TEXT(name) GATECELL_TEXT_OF(name)
#define GATECELL_TEXT_OF(name) #name

}  // namespace

extern const Kernels kernels;
const Kernels kernels{GATECELL_TEXT(GATECELL_ISA_NAME), saved_bytes, packed_bytes, pack, stale, forward, backward,
                      peak_gflops, function};

}  // namespace gatecell::GATECELL_ISA_NAME
