// Scratch memory that is kept between calls: touching fresh pages costs as much as the arithmetic.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace gatecell {

struct Block;

// Hands out pieces of large blocks. All pieces are given back at once, when the arena is destroyed; the blocks then wait
// for the next arena.
class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `bytes` of uninitialised memory on a cache line's boundary, or NULL where memory is short.
  void* bytes(size_t bytes);

  template <class T>
  T* array(int64_t count) {
    return static_cast<T*>(bytes(size_t(count > 0 ? count : 0) * sizeof(T)));
  }

  // Whether every request so far was met.
  bool complete() const { return complete_; }

 private:
  Block* blocks_ = nullptr;  // the newest first
  bool complete_ = true;
};

// For tests: whether memory is filled with NaN before it is handed out; how many requests are met before all others fail,
// -1 for no limit.
void set_poison(bool on);
void set_requests_left(int64_t count);

}  // namespace gatecell
