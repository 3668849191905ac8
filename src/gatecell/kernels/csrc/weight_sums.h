// The gradients of W, U and R: sums of products over the records of a group of rows.
#pragma once
#include "chunk.h"
#include "pack.h"
#include "threads.h"

namespace gatecell::GATECELL_ISA_NAME {

// The chunk that its functions are given says how sums lie; all chunks of one backward pass agree in that.
template <class E, int G>
struct WeightSums {
  using T = SumOf<E>;

  T* gates;       // [tiles][columns of sources][width of the tile]
  T* projection;  // [group of columns][outputs][columns]

  static WeightSums allocate(const Chunk<E, G>& c, Arena& arena) {
    WeightSums s{};
    s.gates = arena.array<T>(tile_size(c) * c.n.tiles);
    if (c.projects()) s.projection = arena.array<T>(projection_size(c));
    return s;
  }

  void clear(const Chunk<E, G>& c) const {
    memset(gates, 0, size_t(tile_size(c) * c.n.tiles) * sizeof(T));
    if (c.projects()) memset(projection, 0, size_t(projection_size(c)) * sizeof(T));
  }

  // One thread's part of the sums over `records` records of a chunk; those of h~ begin at record `first_of_recurrent`. With
  // `more` they are added to sums that are there. With `into` the results go there, on top of what is there, instead.
  void add_chunk(const Chunk<E, G>& c, int64_t records, int64_t first_of_recurrent, bool more, const WeightSums* into,
                 int64_t part, const Threads& threads) const {
    // shared out by vectors, not by pieces: those of the last tile may be few
    const int64_t panels = c.sources.panels(), panel_width = c.sources.width, vectors = panels * c.n.z / lanes<T>;
    const int64_t begin = threads.first(part, vectors), end = threads.first(part + 1, vectors);
    int64_t before = 0;
    for (int64_t tile = 0; tile < c.n.tiles; ++tile) {
      const int64_t width = c.n.width(tile);
      for (int64_t panel = 0; panel < panels; ++panel, before += width / lanes<T>) {
        if (before < begin || before >= end) continue;
        const bool recurrent = panel * panel_width >= c.inputs_end;
        const int64_t first = recurrent ? first_of_recurrent : 0, place = tile * tile_size(c) + panel * panel_width * width;
        // the sums that come next: where there are many, each piece would wait for its own
        if (more) fetch<true>(gates + place + panel_width * width, panel_width * width);
        add_products<tile_rows<G>>(c.sources.panel(panel, first, records),
                                   c.d_z[recurrent ? 1 : 0].block(tile * c.tile_z) + first / depth<E> * width,
                                   width / lanes<T>, more, gates + place, into ? into->gates + place : nullptr);
      }
    }
    if (c.projects()) add_projection_chunk(c, records, more, into, part, threads);
  }

  void add_tile(const Chunk<E, G>& c, const WeightSums& other, int64_t tile) const {
    const int64_t place = tile * tile_size(c);
    add_all(gates + place, other.gates + place, c.sources.panels() * c.sources.width * c.n.width(tile));
  }
  void add_projection(const Chunk<E, G>& c, const WeightSums& other) const {
    add_all(projection, other.projection, projection_size(c));
  }

  // Into the rows of W and U of one tile's units.
  void write_tile(const Chunk<E, G>& c, int64_t tile, const gatecell_weights& to) const {
    const Sizes<E>& n = c.n;
    const int64_t units = n.units(tile), width = n.width(tile);
    for (int64_t gate = 0; gate < G; ++gate) {
      const int64_t row = gate * n.hidden + tile * lanes<T>;
      const T* from = gates + tile * tile_size(c) + gate * units;
      unpack_transposed(from, width, static_cast<T*>(to.input) + row * n.inputs, units, n.inputs);
      unpack_transposed(from + c.inputs_end * width, width, static_cast<T*>(to.recurrent) + row * n.outputs, units,
                        n.outputs);
    }
  }

  void write_projection(const Chunk<E, G>& c, T* to) const {
    const Columns<E> columns{c.n.hidden};
    for (int64_t group = 0; group < columns.groups(); ++group) {
      const int64_t begin = columns.first(group) * lanes<T>, end = columns.first(group + 1) * lanes<T>;
      const T* from = projection + begin * c.d_outputs.panels() * c.d_outputs.width;
      for (int64_t m = 0; m < c.n.outputs; ++m)
        for (int64_t k = begin; k < min_of(end, c.n.hidden); ++k)
          to[m * c.n.hidden + k] = from[m * (end - begin) + k - begin];
    }
  }

 private:
  static int64_t tile_size(const Chunk<E, G>& c) { return c.sources.panels() * c.sources.width * c.tile_z; }
  static int64_t projection_size(const Chunk<E, G>& c) { return c.d_outputs.panels() * c.d_outputs.width * c.n.hidden_p; }

  void add_projection_chunk(const Chunk<E, G>& c, int64_t records, bool more, const WeightSums* into, int64_t part,
                            const Threads& threads) const {
    const Columns<E> columns{c.n.hidden};
    const int64_t panels = c.d_outputs.panels(), pieces = columns.groups() * panels;
    for (int64_t piece = threads.first(part, pieces); piece < threads.first(part + 1, pieces); ++piece) {
      const int64_t group = piece / panels, panel = piece % panels;
      const int64_t first = columns.first(group), vectors = columns.first(group + 1) - first;
      const int64_t place = (first * panels + panel * vectors) * c.d_outputs.width * lanes<T>;
      add_products<tile_rows<4>>(c.d_outputs.panel(panel, 0, records), c.hidden.block(first * lanes<E>), vectors, more,
                                 projection + place, into ? into->projection + place : nullptr);
    }
  }

  // sums[r][n] (+)= left[record][r] * right[record][n], for R columns on the left and some vectors on the right; or, with
  // `into`, that is added there.
  template <int R>
  static void add_products(const Left<E>& left, const E* right, int64_t vectors, bool more, T* sums, T* into) {
    const int64_t width = vectors * lanes<T>;
    alignas(64) T found[R * 4 * lanes<T>];
    for_tile<E>(vectors, R)(left, right, more ? sums : nullptr, width, into ? found : sums, width);
    if (into) add_all(into, found, R * width);
  }
};

}  // namespace gatecell::GATECELL_ISA_NAME
