// The two factors of a sum over records, which are the (step, row) pairs of a chunk of time.
//
// What is summed over records must lie in operands along them. Numbers are written so at once; values of pairs are written
// row by row, and two records of the chunk are then joined into pairs.
#pragma once
#include "arena.h"
#include "operands.h"

namespace gatecell::GATECELL_ISA_NAME {

// The left factors of sums over records, in panels of `width` columns: [panel][operands of records][width].
template <class E>
struct Panels {
  using Value = ValueOf<E>;

  E* data;
  int64_t columns, records, width;
  Value* rows = nullptr;  // pairs: [records][row_stride()], before they are joined

  int64_t count() const { return (columns + width - 1) / width; }
  int64_t row_stride() const { return round_up(count() * width, lanes<E>); }
  E* panel(int64_t index) const { return data + index * operands<E>(records) * width; }

  void allocate(Arena& arena) {
    data = arena.array<E>(count() * operands<E>(records) * width);
    if (depth<E> > 1) rows = arena.array<Value>(records * row_stride());
  }

  // Writes the row of one record: `from` is readable for row_stride() values.
  template <int Width>
  void put(int64_t record, const Value* from) const {
    if constexpr (depth<E> == 1)
      split<Width>(record, from);
    else
      memcpy(rows + record * row_stride(), from, size_t(row_stride()) * sizeof(Value));
  }

  // Joins the records of the operands first..last-1, of `count` records that there are. `line` has room for a row.
  template <int Width>
  void join(int64_t first, int64_t last, int64_t count, E* line) const {
    for (int64_t k = first; k < last; ++k) {
      const Value* row = rows + 2 * k * row_stride();
      interleave(row, 2 * k + 1 < count ? row + row_stride() : nullptr, row_stride(), line);
      split<Width>(k, line);
    }
  }

 private:
  template <int Width, class Element>
  void split(int64_t k, const Element* from) const {
    static_assert(sizeof(Element) == sizeof(E), "rows of operands");
    for (int64_t p = 0; p < count(); ++p)
      memcpy(data + (p * operands<E>(records) + k) * Width, from + p * Width, Width * sizeof(E));
  }
};

// The right factors, in blocks of whole vectors of columns: [block][operands of records][columns of the block].
template <class E>
struct Blocks {
  using Value = ValueOf<E>;

  E* data;
  int64_t records;
  Value* rows;  // [block][records][columns]; the same memory where an operand is a value

  static Blocks allocate(Arena& arena, int64_t columns, int64_t records) {
    Blocks b{};
    b.records = records;
    b.data = arena.array<E>(operands<E>(records) * columns);
    if constexpr (depth<E> == 1)
      b.rows = b.data;
    else
      b.rows = arena.array<Value>(records * columns);
    return b;
  }

  // The block that begins at column `first` and is `width` wide.
  const E* block(int64_t first) const { return data + first * operands<E>(records); }
  Value* row(int64_t first, int64_t width, int64_t record) const { return rows + first * records + record * width; }

  void join(int64_t first, int64_t width, int64_t begin, int64_t end, int64_t count) const {
    for (int64_t k = begin; k < end; ++k)
      interleave(row(first, width, 2 * k), 2 * k + 1 < count ? row(first, width, 2 * k + 1) : nullptr, width,
                 data + first * operands<E>(records) + k * width);
  }
};

}  // namespace gatecell::GATECELL_ISA_NAME
