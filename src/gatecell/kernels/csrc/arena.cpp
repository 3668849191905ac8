#include "arena.h"

#include <stdlib.h>
#include <string.h>

#include <atomic>
#include <mutex>
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace gatecell {

struct Block {
  Block* next;
  size_t size, used;  // bytes behind the header
};

namespace {

constexpr size_t line = 64, huge_page = size_t(2) << 20, smallest = size_t(256) << 10;
constexpr size_t most_kept = size_t(512) << 20;

std::mutex mutex;
#if defined(__unix__) || defined(__APPLE__)
// A forked process has only the thread that forked: the lock is not left in the hands of another.
const int at_fork = pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); }, [] { mutex.unlock(); });
#endif
Block* kept = nullptr;  // the newest first
std::atomic<bool> poison{false};
std::atomic<int64_t> requests_left{-1};

char* content(Block* block) { return reinterpret_cast<char*>(block) + line; }

Block* allocate(size_t size) {
  const size_t alignment = size + line >= huge_page ? huge_page : line;
  const size_t whole = (size + line + alignment - 1) / alignment * alignment;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, whole) != 0) return nullptr;
#if defined(__linux__)
  if (alignment == huge_page) madvise(memory, whole, MADV_HUGEPAGE);
#endif
  Block* block = static_cast<Block*>(memory);
  *block = {nullptr, whole - line, 0};
  return block;
}

// The smallest kept block that is large enough, or a new one.
Block* acquire(size_t size) {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    Block** best = nullptr;
    for (Block** link = &kept; *link; link = &(*link)->next)
      if ((*link)->size >= size && (!best || (*link)->size < (*best)->size)) best = link;
    if (best) {
      Block* block = *best;
      *best = block->next;
      block->used = 0;
      return block;
    }
  }
  return allocate(size > smallest ? size : smallest);
}

// Takes out what is too much; the newest stay.
Block* take_beyond_limit() {
  Block* rest = nullptr;
  size_t sum = 0;
  for (Block** link = &kept; *link;) {
    Block* block = *link;
    if (sum + block->size <= most_kept) {
      sum += block->size;
      link = &block->next;
    } else {
      *link = block->next;
      block->next = rest;
      rest = block;
    }
  }
  return rest;
}

}  // namespace

void* Arena::bytes(size_t bytes) {
  const size_t rounded = (bytes + line - 1) / line * line;
  const int64_t left = requests_left.load(std::memory_order_relaxed);
  if (left == 0) {
    complete_ = false;
    return nullptr;
  }
  if (left > 0) requests_left.store(left - 1);
  if (!blocks_ || blocks_->size - blocks_->used < rounded) {
    Block* block = acquire(rounded);
    if (!block) {
      complete_ = false;
      return nullptr;
    }
    block->next = blocks_;
    blocks_ = block;
  }
  char* piece = content(blocks_) + blocks_->used;
  blocks_->used += rounded;
  if (poison.load(std::memory_order_relaxed)) memset(piece, 0xff, rounded);
  return piece;
}

Arena::~Arena() {
  Block* discarded = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    while (blocks_) {
      Block* block = blocks_;
      blocks_ = block->next;
      block->next = kept;
      kept = block;
    }
    discarded = take_beyond_limit();
  }
  while (discarded) {
    Block* next = discarded->next;
    free(discarded);
    discarded = next;
  }
}

void set_poison(bool on) { poison.store(on); }
void set_requests_left(int64_t count) { requests_left.store(count); }

}  // namespace gatecell
