// The two factors of a sum over records, which are the (step, row) pairs of a chunk of time.
//
// What is summed over records must lie in operands along them. Numbers are written so at once; values of pairs are written
// row by row, and two records of the chunk are then joined into pairs.
#pragma once
#include "accumulate.h"
#include "arena.h"

namespace gatecell::GATECELL_ISA_NAME {

// The left factors of sums over records, a row for each operand of records. Their columns are read in panels of `width`.
template <class E>
struct Panels {
  using Value = ValueOf<E>;

  int64_t columns, capacity, width;  // capacity: records, at most
  E* data = nullptr;      // [operands of records][row_stride()]
  Value* rows = nullptr;  // [records][row_stride()], before pairs are joined; the same memory where an operand is a value

  int64_t panels() const { return (columns + width - 1) / width; }
  int64_t row_stride() const { return odd_lines<E>(panels() * width); }
  // One panel of the records first..last-1; `first` is a whole number of operands.
  Left<E> panel(int64_t index, int64_t first, int64_t last) const {
    return {data + first / depth<E> * row_stride() + index * width, 1, row_stride(), operands<E>(last - first)};
  }
  Value* row(int64_t record) const { return rows + record * row_stride(); }

  void allocate(Arena& arena) {
    data = arena.array<E>(operands<E>(capacity) * row_stride());
    if constexpr (depth<E> == 1)
      rows = data;
    else
      rows = arena.array<Value>(capacity * row_stride());
  }

  // Columns that fill up the last panel, or that no one writes, are 0.
  void clear() const { memset(static_cast<void*>(rows), 0, size_t(capacity * row_stride()) * sizeof(Value)); }

  // Joins the records of the operands first..last-1, of `count` records that there are.
  void join(int64_t first, int64_t last, int64_t count) const {
    for (int64_t k = first; k < last; ++k)
      interleave(row(2 * k), 2 * k + 1 < count ? row(2 * k + 1) : nullptr, row_stride(), data + k * row_stride());
  }
};

// The right factors, in blocks of whole vectors of columns: [block][operands of records][columns of the block].
template <class E>
struct Blocks {
  using Value = ValueOf<E>;

  E* data;
  int64_t capacity;  // records, at most
  Value* rows;  // [block][records][columns]; the same memory where an operand is a value

  static Blocks allocate(Arena& arena, int64_t columns, int64_t capacity) {
    Blocks b{};
    b.capacity = capacity;
    b.data = arena.array<E>(operands<E>(capacity) * columns);
    if constexpr (depth<E> == 1)
      b.rows = b.data;
    else
      b.rows = arena.array<Value>(capacity * columns);
    return b;
  }

  // The block that begins at column `first` and is `width` wide.
  const E* block(int64_t first) const { return data + first * operands<E>(capacity); }
  Value* row(int64_t first, int64_t width, int64_t record) const { return rows + first * capacity + record * width; }

  void join(int64_t first, int64_t width, int64_t begin, int64_t end, int64_t count) const {
    for (int64_t k = begin; k < end; ++k)
      interleave(row(first, width, 2 * k), 2 * k + 1 < count ? row(first, width, 2 * k + 1) : nullptr, width,
                 data + first * operands<E>(capacity) + k * width);
  }
};

}  // namespace gatecell::GATECELL_ISA_NAME
