// A chunk of time in the backward pass: what its records leave for the sums over them.
#pragma once
#include "layout.h"
#include "records.h"

namespace gatecell::GATECELL_ISA_NAME {

template <class E, int G>
struct Chunk {
  using T = SumOf<E>;
  using Value = ValueOf<E>;
  static constexpr int64_t tile_z = G * lanes<T>;

  Sizes<E> n;
  int64_t inputs_end;  // the column of the sources at which h~ begins
  Panels<E> sources;   // x~, h~
  Blocks<E> d_z[2];    // blocks are tiles: of W x~ and of U h~; the same without layer norm
  Panels<E> d_outputs;       // projection: gradients of its result
  Blocks<E> hidden;          // projection: its argument; blocks are groups of columns
  int64_t* rows_of_records;  // where the gradient of x is asked for: [records][2], sorted row and place in time

  static Chunk allocate(const gatecell_problem& p, const Sizes<E>& n, int64_t capacity, bool need_x, Arena& arena) {
    // with layer normalisation W x~ and U h~ have gradients of their own, so that a panel must not span both
    const int64_t inputs_end = p.layer_norm ? round_up(n.inputs, tile_rows<G> * depth<E>) : n.recurrent_at();
    Chunk c{n, inputs_end, {inputs_end + n.outputs, capacity, tile_rows<G>}, {}, {}, {}, nullptr};
    c.sources.allocate(arena);
    c.d_z[0] = Blocks<E>::allocate(arena, n.z, capacity);
    c.d_z[1] = p.layer_norm ? Blocks<E>::allocate(arena, n.z, capacity) : c.d_z[0];
    if (p.projection) {
      c.d_outputs = {n.outputs, capacity, tile_rows<4>};
      c.d_outputs.allocate(arena);
      c.hidden = Blocks<E>::allocate(arena, n.hidden_p, capacity);
    }
    if (need_x) c.rows_of_records = arena.array<int64_t>(2 * capacity);
    return c;
  }

  int64_t capacity() const { return sources.capacity; }  // records, at most
  bool projects() const { return d_outputs.rows; }

  void clear() const {
    sources.clear();
    if (projects()) d_outputs.clear();
  }

  // One tile of the gradients of z of one record.
  Value* d_z_row(int part, int64_t tile, int64_t record) const {
    return d_z[part].row(tile * tile_z, n.width(tile), record);
  }

  // h before the projection, one vector of units of one record.
  void keep_hidden(int64_t record, int64_t tile, Vec<T> h) const {
    const Columns<E> columns{n.hidden};
    int64_t group = tile * columns.groups() / columns.vectors();
    while (columns.first(group + 1) <= tile) ++group;
    while (columns.first(group) > tile) --group;
    const int64_t first = columns.first(group), vectors = columns.first(group + 1) - first;
    store_values(hidden.row(first * lanes<E>, vectors * lanes<E>, record) + (tile - first) * lanes<E>, h);
  }

  // Joins the operands first..last-1 of records, of `records` that there are.
  void join(int64_t first, int64_t last, int64_t records) const {
    sources.join(first, last, records);
    for (int part = 0; part < (d_z[1].rows == d_z[0].rows ? 1 : 2); ++part)
      for (int64_t tile = 0; tile < n.tiles; ++tile)
        d_z[part].join(tile * tile_z, n.width(tile), first, last, records);
    if (!projects()) return;
    d_outputs.join(first, last, records);
    const Columns<E> columns{n.hidden};
    for (int64_t group = 0; group < columns.groups(); ++group) {
      const int64_t begin = columns.first(group) * lanes<E>, end = columns.first(group + 1) * lanes<E>;
      hidden.join(begin, end - begin, first, last, records);
    }
  }

  // to = the gradients of z of `rows` records, from one on and `stride` apart, times the groups first..last-1 of the columns
  // of a packed matrix.
  void multiply_z(int part, int64_t record, int64_t stride, int64_t rows, const Packed<E>& w, int64_t first, int64_t last,
                  T* to, int64_t to_stride) const {
    const int64_t full = n.hidden / lanes<T>, rest = n.hidden % lanes<T>;
    if (full > 0) {
      Left<E> a = left_rows<E>(d_z_row(part, 0, record), stride * tile_z, tile_z);
      a.pieces = full;
      a.piece_stride = capacity() * tile_z / depth<E>;
      multiply(a, rows, w, first, last, to, to_stride);
    }
    if (rest > 0) {
      const Left<E> a = left_rows<E>(d_z_row(part, full, record), stride * n.width(full), G * rest);
      multiply(a, rows, w, first, last, to, to_stride, full * tile_z / depth<E>);
    }
  }
};

}  // namespace gatecell::GATECELL_ISA_NAME
