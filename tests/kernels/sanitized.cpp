// Drives the core over many options and sizes, on buffers of exactly the size that the interface asks for, in a program
// that test_sanitizers.py compiles with AddressSanitizer and UndefinedBehaviorSanitizer.
#include <cstdio>
#include <random>
#include <thread>
#include <vector>

#include "kernels.h"

namespace {

const gatecell::Kernels& kernels = gatecell::GATECELL_ISA_NAME::kernels;
std::mt19937_64 random_bits(1);
int64_t failures = 0;  // runs without enough memory

int64_t draw(std::initializer_list<int64_t> values) { return values.begin()[random_bits() % values.size()]; }

int32_t run_in_threads(int64_t begin, int64_t end, int64_t, gatecell_task task, void* context) {
  std::vector<std::thread> threads;
  for (int64_t k = begin; k < end; ++k) threads.emplace_back(task, k, k + 1, context);
  for (std::thread& thread : threads) thread.join();
  return 0;
}

template <class T>
struct Buffers {
  std::vector<std::vector<T>> held;

  // One value more than asked for, in front: an address that no vector is aligned to.
  T* make(int64_t count, bool wanted = true) {
    if (!wanted) return nullptr;
    std::vector<T> values(size_t(count) + 1);
    for (T& value : values) value = T(double(random_bits() % 2001) / 1000.0 - 1.0);
    held.push_back(std::move(values));
    return held.back().data() + 1;
  }
};

template <class T>
bool run_once(int32_t dtype, bool shortage) {
  gatecell_problem p{};
  p.rows = draw({0, 1, 2, 7, 13, 29, 59});
  p.steps = draw({0, 1, 2, 5, 9, 70});
  p.input_size = draw({1, 2, 7, 17, 33});
  p.hidden_size = draw({1, 2, 7, 17, 33, 170});
  p.projection = int32_t(random_bits() % 3 == 0);
  p.output_size = p.projection ? (p.hidden_size + 1) / 2 : p.hidden_size;
  p.dtype = dtype;
  p.peephole = int32_t(random_bits() % 2);
  p.coupled_gates = int32_t(random_bits() % 2);
  p.layer_norm = int32_t(random_bits() % 3 == 0);
  p.reverse = int32_t(random_bits() % 2);
  p.training = int32_t(random_bits() % 2);
  for (double* rate : {&p.input_dropout, &p.recurrent_dropout, &p.zoneout_h, &p.zoneout_c})
    *rate = random_bits() % 3 == 0 ? 0.3 : 0.0;
  p.seed = random_bits();
  p.stream = 3;
  p.threads = draw({1, 2, 3});
  p.parallel_for = random_bits() % 4 ? run_in_threads : nullptr;

  std::vector<int64_t> lengths(size_t(p.rows));
  for (int64_t& length : lengths) length = draw({-3, 0, 1, 2, 5, 9, 60, 1000});
  std::vector<uint8_t> mask(size_t(p.rows * p.steps));
  for (uint8_t& counts : mask) counts = random_bits() % 3 != 0;
  const uint64_t kind = random_bits() % 3;
  if (kind == 1) p.lengths = lengths.data();
  if (kind == 2) p.mask = mask.data();

  Buffers<T> buffers;
  const int64_t gates = p.coupled_gates ? 3 : 4, z = gates * p.hidden_size;
  const auto weights = [&] {
    return gatecell_weights{buffers.make(z * p.input_size),
                            buffers.make(z * p.output_size),
                            buffers.make(z, random_bits() % 2),
                            buffers.make((gates - 1) * p.hidden_size, p.peephole),
                            buffers.make(z, p.layer_norm),
                            buffers.make(z, p.layer_norm),
                            buffers.make(2 * p.hidden_size, p.layer_norm),
                            buffers.make(p.output_size * p.hidden_size, p.projection)};
  };
  const auto sequence = [&](int64_t size, bool wanted = true) {
    return gatecell_sequence{buffers.make(p.rows * p.steps * size, wanted), p.steps * size, size};
  };
  const auto state = [&](int64_t size, bool wanted = true) { return buffers.make(p.rows * size, wanted); };
  const gatecell_weights given = weights();
  gatecell_run run{sequence(p.input_size),
                   state(p.output_size, random_bits() % 2),
                   state(p.hidden_size, random_bits() % 2),
                   sequence(p.output_size),
                   state(p.output_size),
                   state(p.hidden_size),
                   nullptr,
                   0};

  gatecell::Arena arena;
  gatecell::Schedule schedule;
  if (!gatecell::make_schedule(p, arena, schedule)) return false;
  // with `shortage`, each run is first tried with memory for 0, 1, 2, ... requests, until that is enough
  const auto succeeds = [&](const auto& run_in) {
    for (int64_t requests = 0; shortage; ++requests) {
      gatecell::Arena small;
      gatecell::set_requests_left(requests);
      const bool enough = run_in(small);
      gatecell::set_requests_left(-1);
      if (enough) return true;
      failures += 1;
    }
    return run_in(arena);
  };
  run.saved_bytes = kernels.saved_bytes(p, schedule.total());
  std::vector<char> saved(size_t(run.saved_bytes) + 64);
  run.saved = saved.data() + (64 - reinterpret_cast<uintptr_t>(saved.data()) % 64) % 64;
  if (!succeeds([&](auto& arena) { return kernels.forward(p, schedule, &given, nullptr, run, arena); })) return false;

  const gatecell_gradients gradients{sequence(p.output_size, random_bits() % 4 != 0),
                                     state(p.output_size, random_bits() % 2),
                                     state(p.hidden_size, random_bits() % 2),
                                     sequence(p.input_size, random_bits() % 2),
                                     state(p.output_size, random_bits() % 2),
                                     state(p.hidden_size, random_bits() % 2),
                                     weights()};
  if (!succeeds([&](auto& arena) { return kernels.backward(p, schedule, given, run, gradients, arena); })) return false;

  std::vector<char> packed(size_t(kernels.packed_bytes(p)) + 64);
  void* aligned = packed.data() + (64 - reinterpret_cast<uintptr_t>(packed.data()) % 64) % 64;
  kernels.pack(p, given, aligned);
  run.saved = nullptr;
  return !kernels.stale(p, given, aligned) && kernels.forward(p, schedule, nullptr, aligned, run, arena);
}

}  // namespace

// With any argument, by the processor's own multiplication of bfloat16.
int main(int arguments, char**) {
  gatecell::set_poison(true);
  if (arguments > 1) *kernels.dot_products = true;
  for (int k = 0; k < 150; ++k) {
    const bool shortage = k % 10 == 0;
    if (!run_once<float>(GATECELL_FLOAT32, shortage) || !run_once<double>(GATECELL_FLOAT64, shortage) ||
        !run_once<float>(GATECELL_BFLOAT16, shortage))
      return 1;
  }
  std::printf("%s %s\n", kernels.name, failures > 0 ? "and short of memory" : "never short of memory");
  return 0;
}
