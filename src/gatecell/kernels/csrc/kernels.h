// What one instruction set offers; api.cpp chooses among them when the library is loaded.
#pragma once
#include "arena.h"
#include "gatecell.h"
#include "schedule.h"

namespace gatecell {

struct Kernels {
  const char* name;
  int64_t (*saved_bytes)(const gatecell_problem&, int64_t counted_steps);
  int64_t (*packed_bytes)(const gatecell_problem&);
  void (*pack)(const gatecell_problem&, const gatecell_weights&, void* packed);
  bool (*stale)(const gatecell_problem&, const gatecell_weights&, const void* packed);
  // Both return false where memory is short.
  bool (*forward)(const gatecell_problem&, const Schedule&, const gatecell_weights*, const void* packed,
                  const gatecell_run&, Arena&);
  bool (*backward)(const gatecell_problem&, const Schedule&, const gatecell_weights&, const gatecell_run&,
                   const gatecell_gradients&, Arena&);
  double (*peak_gflops)(int32_t dtype, gatecell_parallel_for, int64_t threads, int64_t rounds);
  void (*function)(int32_t function, int32_t dtype, const void* x, void* y, int64_t n);
  bool* dot_products;  // set where the processor multiplies pairs of bfloat16 itself; NULL where the code does not know how
};

#if defined(__x86_64__)
namespace avx512 {
extern const Kernels kernels;
}
namespace avx2 {
extern const Kernels kernels;
}
#endif
namespace baseline {
extern const Kernels kernels;
}

}  // namespace gatecell
