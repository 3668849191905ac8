/* The C interface of the native engine: one layer and direction of an LSTM, forward and backward.
 *
 * Plain C, no dependency but a C++17 compiler; Python loads it with ctypes (see ../core.py, which fills the structures
 * here). Equations: ../reference.py; derivation of the backward pass: ../README.md.
 *
 * B rows, T steps, I inputs, H cells, P outputs (H without a projection), G gates (4: i f g o; 3 when coupled: f g o).
 * All tensors are dense in their last dimension; strides are counted in elements. Sizes and pointers are trusted to
 * agree: the caller checks them. Lengths are clamped to 0..T.
 */
#ifndef GATECELL_H
#define GATECELL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GATECELL_VERSION 4

/* Of all arrays; with GATECELL_BFLOAT16 they are of float32, and what is multiplied in products of matrices is rounded to
 * bfloat16 before. */
enum { GATECELL_FLOAT32 = 0, GATECELL_FLOAT64 = 1, GATECELL_BFLOAT16 = 2 };

enum {
  GATECELL_OK = 0,
  GATECELL_NO_MEMORY = 1,
  GATECELL_BAD_DTYPE = 2,
  GATECELL_SAVED_TOO_SMALL = 3,
  GATECELL_STALE = 4,
  GATECELL_BAD_STEPS = 5 /* both lengths and mask */
};

typedef void (*gatecell_task)(int64_t begin, int64_t end, void *context);

/* Splits [begin, end) over threads and returns when all are done; torch_parallel_for of libtorch_cpu is one. */
typedef int32_t (*gatecell_parallel_for)(int64_t begin, int64_t end, int64_t grain, gatecell_task task, void *context);

typedef struct {
  int64_t rows, steps, input_size, hidden_size, output_size;
  int32_t dtype;
  int32_t peephole, coupled_gates, layer_norm, projection;
  int32_t reverse;
  int32_t training; /* whether dropout and zoneout draw at random */
  double input_dropout, recurrent_dropout, zoneout_h, zoneout_c;
  uint64_t seed;
  int64_t stream;
  const int64_t *lengths;     /* (B,), or NULL */
  const uint8_t *mask;        /* (B, T), nonzero where a step counts, or NULL; not both */
  const void *input_mask;     /* (B, I): used instead of drawing, or NULL */
  const void *recurrent_mask; /* (B, P): used instead of drawing, or NULL */
  int64_t threads;
  gatecell_parallel_for parallel_for; /* NULL: one thread */
} gatecell_problem;

/* (B, T, features) with its strides. */
typedef struct {
  void *data;
  int64_t row_stride, step_stride;
} gatecell_sequence;

/* The parameters of LayerWeights (../weights.py), or room for their gradients; NULL where the options use none. */
typedef struct {
  void *input, *recurrent, *bias, *peephole, *norm_input, *norm_recurrent, *norm_cell, *projection;
} gatecell_weights;

typedef struct {
  gatecell_sequence x;
  void *h, *c; /* initial states (B, P), (B, H); NULL is zero */
  gatecell_sequence output;
  void *h_n, *c_n;
  void *saved; /* what the backward pass needs, or NULL in inference */
  int64_t saved_bytes;
} gatecell_run;

typedef struct {
  gatecell_sequence output; /* data may be NULL: zero */
  void *h_n, *c_n;          /* may be NULL: zero */
  gatecell_sequence x;      /* data may be NULL: not wanted */
  void *h, *c;              /* may be NULL: not wanted */
  gatecell_weights weights;
} gatecell_gradients;

#if defined(_WIN32)
#define GATECELL_API __declspec(dllexport)
#else
#define GATECELL_API __attribute__((visibility("default")))
#endif

GATECELL_API int32_t gatecell_version(void);

/* The instruction set that runs: "avx512_bf16", "avx512", "avx2" or "baseline"; GATECELL_ISA in the environment forces a
 * lesser one. */
GATECELL_API const char *gatecell_isa(void);

/* Bytes of `saved` for this many counted steps, summed over rows; without lengths or mask that is B * T. */
GATECELL_API int64_t gatecell_saved_bytes(const gatecell_problem *problem, int64_t counted_steps);

/* Bytes of the packed weights that `gatecell_pack` writes and `gatecell_forward` reads. */
GATECELL_API int64_t gatecell_packed_bytes(const gatecell_problem *problem);

GATECELL_API int32_t gatecell_pack(const gatecell_problem *problem, const gatecell_weights *weights, void *packed);

/* Either `weights` or `packed` may be NULL. With both, a hash of all weights is compared with that of those that were
 * packed: where they differ, nothing is computed and GATECELL_STALE returned. */
GATECELL_API int32_t gatecell_forward(const gatecell_problem *problem, const gatecell_weights *weights,
                                      const void *packed, const gatecell_run *run);

GATECELL_API int32_t gatecell_backward(const gatecell_problem *problem, const gatecell_weights *weights,
                                       const gatecell_run *run, const gatecell_gradients *gradients);

/* Floating-point operations a second that `threads` threads together reach in registers, each running `rounds` of 12
 * multiply-adds, in 1e9 a second; for benchmarks. `parallel_for` may be NULL: one thread. */
GATECELL_API double gatecell_peak_gflops(int32_t dtype, gatecell_parallel_for parallel_for, int64_t threads,
                                         int64_t rounds);

/* sigmoid (0) or tanh (1) of n values, as the engine computes them; for tests of their accuracy. */
GATECELL_API int32_t gatecell_function(int32_t function, int32_t dtype, const void *x, void *y, int64_t n);

/* Whether scratch memory is filled with NaN before each use; for tests. */
GATECELL_API void gatecell_poison(int32_t on);

#ifdef __cplusplus
}
#endif
#endif
