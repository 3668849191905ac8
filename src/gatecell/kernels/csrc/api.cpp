// The C interface: the choice of an instruction set, and the checks that the core can make itself.
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

namespace {

using gatecell::Kernels;

const Kernels& choose() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const char* forced = getenv("GATECELL_ISA");
  const bool any = !forced || !*forced;
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  const bool bfloat16 = avx512 && gatecell::avx512::kernels.dot_products && __builtin_cpu_supports("avx512bf16");
  if (bfloat16 && (any || strcmp(forced, "avx512_bf16") == 0)) {
    *gatecell::avx512::kernels.dot_products = true;
    return gatecell::avx512::kernels;
  }
  if (avx512 && (any || strcmp(forced, "avx512") == 0)) return gatecell::avx512::kernels;
  if (avx2 && (any || strcmp(forced, "avx2") == 0)) return gatecell::avx2::kernels;
#endif
  return gatecell::baseline::kernels;
}

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

int32_t refusal(const gatecell_problem& p) {
  if (p.dtype != GATECELL_FLOAT32 && p.dtype != GATECELL_FLOAT64 && p.dtype != GATECELL_BFLOAT16)
    return GATECELL_BAD_DTYPE;
  return p.lengths && p.mask ? GATECELL_BAD_STEPS : GATECELL_OK;
}

}  // namespace

int32_t gatecell_version(void) { return GATECELL_VERSION; }

const char* gatecell_isa(void) {
  return kernels().dot_products && *kernels().dot_products ? "avx512_bf16" : kernels().name;
}

int64_t gatecell_saved_bytes(const gatecell_problem* problem, int64_t counted_steps) {
  return kernels().saved_bytes(*problem, counted_steps);
}

int64_t gatecell_packed_bytes(const gatecell_problem* problem) { return kernels().packed_bytes(*problem); }

int32_t gatecell_pack(const gatecell_problem* problem, const gatecell_weights* weights, void* packed) {
  if (const int32_t status = refusal(*problem)) return status;
  kernels().pack(*problem, *weights, packed);
  return GATECELL_OK;
}

int32_t gatecell_forward(const gatecell_problem* problem, const gatecell_weights* weights, const void* packed,
                         const gatecell_run* run) {
  if (const int32_t status = refusal(*problem)) return status;
  if (weights && packed && kernels().stale(*problem, *weights, packed)) return GATECELL_STALE;
  gatecell::Arena arena;
  gatecell::Schedule schedule;
  if (!gatecell::make_schedule(*problem, arena, schedule)) return GATECELL_NO_MEMORY;
  if (run->saved && run->saved_bytes < kernels().saved_bytes(*problem, schedule.total()))
    return GATECELL_SAVED_TOO_SMALL;
  return kernels().forward(*problem, schedule, weights, packed, *run, arena) ? GATECELL_OK : GATECELL_NO_MEMORY;
}

int32_t gatecell_backward(const gatecell_problem* problem, const gatecell_weights* weights, const gatecell_run* run,
                          const gatecell_gradients* gradients) {
  if (const int32_t status = refusal(*problem)) return status;
  gatecell::Arena arena;
  gatecell::Schedule schedule;
  if (!gatecell::make_schedule(*problem, arena, schedule)) return GATECELL_NO_MEMORY;
  const int64_t needed = kernels().saved_bytes(*problem, schedule.total());
  if (needed > 0 && (!run->saved || run->saved_bytes < needed)) return GATECELL_SAVED_TOO_SMALL;
  return kernels().backward(*problem, schedule, *weights, *run, *gradients, arena) ? GATECELL_OK : GATECELL_NO_MEMORY;
}

double gatecell_peak_gflops(int32_t dtype, gatecell_parallel_for parallel_for, int64_t threads, int64_t rounds) {
  return kernels().peak_gflops(dtype, parallel_for, parallel_for ? threads : 1, rounds);
}

int32_t gatecell_function(int32_t function, int32_t dtype, const void* x, void* y, int64_t n) {
  if (dtype != GATECELL_FLOAT32 && dtype != GATECELL_FLOAT64) return GATECELL_BAD_DTYPE;
  kernels().function(function, dtype, x, y, n);
  return GATECELL_OK;
}

void gatecell_poison(int32_t on) { gatecell::set_poison(on != 0); }
