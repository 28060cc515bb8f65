/*
 * Matrix products. The result is cut into register tiles of up to ROWS rows and PANELS panels of 16
 * columns. Each element is a sum over blocks of CK_INNER_BLOCK terms, in each block by multiply-adds in
 * order of the inner index: the bits do not depend on how rows and columns are cut, nor on what is packed.
 */

/* An operand as the tile sees it: how far apart neighbours along each axis are. */
typedef struct {
    const float *data;
    ptrdiff_t row, inner;
} FN(left);

typedef struct {
    const float *data;
    ptrdiff_t inner, panel;
} FN(right);

/* One tile. `rows` and `panels` are constants at every use, so the sums stay in registers. */
INLINE void FN(tile)(
    const int rows, const int panels, ptrdiff_t inner, FN(left) a, FN(right) b, float *c, ptrdiff_t c_stride,
    ptrdiff_t columns, ck_epilogue epilogue) {
    v16 sums[ROWS][PANELS];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) {
            sums[i][p] = (v16)(0.0f);
        }
    }
    for (ptrdiff_t k = 0; k < inner; k++) {
        v16 right[PANELS];
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) {
            right[p] = FN(full_load)(b.data + k * b.inner + p * b.panel);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const v16 left = (v16)(a.data[i * a.row + k * a.inner]);
#pragma clang loop unroll(full)
            for (int p = 0; p < panels; p++) {
                sums[i][p] = FN(fma)(left, right[p], sums[i][p]);
            }
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) {
            float *to = c + i * c_stride + p * 16;
            const ptrdiff_t n = columns - p * 16;
            v16 base = (v16)(0.0f);
            if (epilogue.accumulate) {
                base = FN(load)(to, n);
            } else if (epilogue.bias) {
                base = FN(load)(epilogue.bias + p * 16, n);
            }
            FN(store)(to, FN(fma)(sums[i][p], (v16)(epilogue.alpha), base), n);
        }
    }
}

#define TILE_CASE(n)                                                                                \
    case n:                                                                                         \
        FN(tile)(n <= ROWS ? n : ROWS, panels, inner, a, b, c, c_stride, columns, epilogue);        \
        break;

/* One tile of 1 to ROWS rows. `panels` is a constant at every use. */
INLINE void FN(any_tile)(
    ptrdiff_t rows, const int panels, ptrdiff_t inner, FN(left) a, FN(right) b, float *c, ptrdiff_t c_stride,
    ptrdiff_t columns, ck_epilogue epilogue) {
    switch (rows) {
        TILE_CASE(1)
        TILE_CASE(2)
#if ROWS >= 6
        TILE_CASE(3)
        TILE_CASE(4)
        TILE_CASE(5)
        TILE_CASE(6)
#endif
#if ROWS >= 14
        TILE_CASE(7)
        TILE_CASE(8)
        TILE_CASE(9)
        TILE_CASE(10)
        TILE_CASE(11)
        TILE_CASE(12)
        TILE_CASE(13)
        TILE_CASE(14)
#endif
    default:
        break;
    }
}

#undef TILE_CASE

static __attribute__((noinline)) void FN(narrow_tile)(
    ptrdiff_t rows, ptrdiff_t inner, FN(left) a, FN(right) b, float *c, ptrdiff_t c_stride,
    ptrdiff_t columns, ck_epilogue epilogue) {
    FN(any_tile)(rows, 1, inner, a, b, c, c_stride, columns, epilogue);
}

#if PANELS > 1
static __attribute__((noinline)) void FN(wide_tile)(
    ptrdiff_t rows, ptrdiff_t inner, FN(left) a, FN(right) b, float *c, ptrdiff_t c_stride,
    ptrdiff_t columns, ck_epilogue epilogue) {
    FN(any_tile)(rows, PANELS, inner, a, b, c, c_stride, columns, epilogue);
}
#endif

/* Where a strip of rows, cut into tiles of nearly the same height, has its tile number `tile`. */
INLINE ptrdiff_t FN(tile_start)(ptrdiff_t rows, ptrdiff_t tiles, ptrdiff_t tile) {
    const ptrdiff_t small = rows / tiles, larger = rows % tiles;
    return tile * small + (tile < larger ? tile : larger);
}

INLINE ptrdiff_t FN(tile_count)(ptrdiff_t rows) {
    return (rows + ROWS - 1) / ROWS;
}

/*
 * All tiles of one block of the result. `packed_a` says that `a` holds the rows of each tile side by side,
 * as pack_rows leaves them. `columns` is a multiple of 16 unless the last panel is padded.
 */
static void FN(block)(
    ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t inner, FN(left) a, bool packed_a, FN(right) b, float *c,
    ptrdiff_t c_stride, ck_epilogue epilogue) {
    const ptrdiff_t tiles = FN(tile_count)(rows);
    for (ptrdiff_t j = 0; j < columns;) {
        const ptrdiff_t left_over = columns - j;
        const ptrdiff_t width = left_over > 16 ? 16 * PANELS : 16;
        ck_epilogue here = epilogue;
        here.bias = epilogue.bias ? epilogue.bias + j : NULL;
        const FN(right) panel = {b.data + j / 16 * b.panel, b.inner, b.panel};
        for (ptrdiff_t tile = 0; tile < tiles; tile++) {
            const ptrdiff_t start = FN(tile_start)(rows, tiles, tile);
            const ptrdiff_t height = FN(tile_start)(rows, tiles, tile + 1) - start;
            const FN(left) strip = packed_a ? (FN(left)){a.data + start * inner, 1, height}
                                            : (FN(left)){a.data + start * a.row, a.row, a.inner};
            float *to = c + start * c_stride + j;
#if PANELS > 1
            if (width > 16) {
                FN(wide_tile)(height, inner, strip, panel, to, c_stride, left_over, here);
                continue;
            }
#endif
            FN(narrow_tile)(height, inner, strip, panel, to, c_stride, left_over, here);
        }
        j += width;
    }
}

/* Lays the rows of each tile side by side: element (i, k) of a tile of h rows goes to k * h + i. */
static void FN(pack_rows)(FN(left) a, ptrdiff_t rows, ptrdiff_t inner, float *to) {
    const ptrdiff_t tiles = FN(tile_count)(rows);
    for (ptrdiff_t tile = 0; tile < tiles; tile++) {
        const ptrdiff_t start = FN(tile_start)(rows, tiles, tile);
        const ptrdiff_t height = FN(tile_start)(rows, tiles, tile + 1) - start;
        float *strip = to + start * inner;
        if (a.row == 1) {
            for (ptrdiff_t k = 0; k < inner; k++) {
                FN(store)(strip + k * height, FN(load)(a.data + start + k * a.inner, height), height);
            }
        } else {
            for (ptrdiff_t i = 0; i < height; i++) {
                const float *from = a.data + (start + i) * a.row;
                for (ptrdiff_t k = 0; k < inner; k++) {
                    strip[k * height + i] = from[k * a.inner];
                }
            }
        }
    }
}

/*
 * Writes panels of 16 columns of `b`, whose element (k, j) is at k * inner_step + j * column_step; one of
 * the two steps is 1.
 */
static void FN(pack_panels)(
    const float *b, ptrdiff_t inner_step, ptrdiff_t column_step, ptrdiff_t inner, ptrdiff_t columns, float *to) {
    for (ptrdiff_t j = 0; j < columns; j += 16) {
        const ptrdiff_t n = columns - j < 16 ? columns - j : 16;
        const float *from = b + j * column_step;
        if (column_step == 1) {
            for (ptrdiff_t k = 0; k < inner; k++) {
                FN(full_store)(to + k * 16, FN(load)(from + k * inner_step, n));
            }
        } else {
            for (ptrdiff_t k = 0; k < inner; k++) {
                for (ptrdiff_t lane = 0; lane < 16; lane++) {
                    to[k * 16 + lane] = lane < n ? from[k * inner_step + lane * column_step] : 0;
                }
            }
        }
        to += inner * 16;
    }
}

static void FN(pack)(ck_matrix b, bool transposed, ck_packed packed) {
    const ptrdiff_t inner_step = transposed ? 1 : b.stride, column_step = transposed ? b.stride : 1;
    const ptrdiff_t width = (packed.columns + 15) / 16 * 16;
    for (ptrdiff_t k = 0; k < packed.inner; k += CK_INNER_BLOCK) {
        const ptrdiff_t count = packed.inner - k < CK_INNER_BLOCK ? packed.inner - k : CK_INNER_BLOCK;
        FN(pack_panels)(
            b.data + k * inner_step, inner_step, column_step, count, packed.columns, packed.data + k * width);
    }
}

/* The epilogue of the block that starts at inner index `k`: after the first, blocks add to what is there. */
INLINE ck_epilogue FN(block_epilogue)(ck_epilogue epilogue, ptrdiff_t k) {
    if (k > 0) {
        epilogue.accumulate = true;
        epilogue.bias = NULL;
    }
    return epilogue;
}

/* Rows of the result for one inner block, with the right operand as it is to be read. */
static void FN(row_blocks)(
    ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t inner, FN(left) a, bool pack_a, FN(right) b, float *c,
    ptrdiff_t c_stride, ck_epilogue epilogue, float *scratch) {
    for (ptrdiff_t i = 0; i < rows; i += BLOCK_ROWS) {
        const ptrdiff_t count = rows - i < BLOCK_ROWS ? rows - i : BLOCK_ROWS;
        FN(left) part = {a.data + i * a.row, a.row, a.inner};
        if (pack_a) {
            FN(pack_rows)(part, count, inner, scratch);
            part.data = scratch;
        }
        FN(block)(count, columns, inner, part, pack_a, b, c + i * c_stride, c_stride, epilogue);
    }
}

static void FN(multiply_packed)(
    ck_matrix a, ck_packed b, ck_matrix c, ck_epilogue epilogue, float *scratch) {
    const ptrdiff_t width = (b.columns + 15) / 16 * 16;
    for (ptrdiff_t k = 0; k == 0 || k < b.inner; k += CK_INNER_BLOCK) {
        const ptrdiff_t inner = b.inner - k < CK_INNER_BLOCK ? b.inner - k : CK_INNER_BLOCK;
        const FN(left) left = {a.data + k, a.stride, 1};
        const FN(right) right = {b.data + k * width, 16, 16 * inner};
        FN(row_blocks)(
            c.rows, c.columns, inner, left, true, right, c.data, c.stride, FN(block_epilogue)(epilogue, k),
            scratch);
    }
}

static void FN(multiply)(
    ck_matrix a, ck_matrix b, ck_matrix c, bool transpose_a, bool transpose_b, ck_epilogue epilogue,
    float *scratch) {
    const ptrdiff_t all = transpose_a ? a.rows : a.columns;
    const FN(left) left = {a.data, transpose_a ? 1 : a.stride, transpose_a ? a.stride : 1};
    const ptrdiff_t inner_step = transpose_b ? 1 : b.stride, column_step = transpose_b ? b.stride : 1;
    float *panels = scratch + BLOCK_ROWS * CK_INNER_BLOCK;
    for (ptrdiff_t k = 0; k == 0 || k < all; k += CK_INNER_BLOCK) {
        const ptrdiff_t inner = all - k < CK_INNER_BLOCK ? all - k : CK_INNER_BLOCK;
        for (ptrdiff_t j = 0; j < c.columns; j += BLOCK_COLUMNS) {
            const ptrdiff_t columns = c.columns - j < BLOCK_COLUMNS ? c.columns - j : BLOCK_COLUMNS;
            FN(pack_panels)(
                b.data + k * inner_step + j * column_step, inner_step, column_step, inner, columns, panels);
            ck_epilogue here = FN(block_epilogue)(epilogue, k);
            here.bias = here.bias ? here.bias + j : NULL;
            const FN(left) part = {left.data + k * left.inner, left.row, left.inner};
            const FN(right) right = {panels, 16, 16 * inner};
            FN(row_blocks)(
                c.rows, columns, inner, part, true, right, c.data + j, c.stride, here, scratch);
        }
    }
}

INLINE ck_matrix FN(member)(ck_batch batch, ptrdiff_t outer, ptrdiff_t inner) {
    ck_matrix m = batch.first;
    m.data += outer * batch.outer_stride + inner * batch.inner_stride;
    return m;
}

static void FN(multiply_batch)(
    ck_batch a, ck_batch b, ck_batch c, bool transpose_a, bool transpose_b, ck_epilogue epilogue,
    float *scratch) {
    for (ptrdiff_t outer = 0; outer < c.outer_count; outer++) {
        for (ptrdiff_t inner = 0; inner < c.inner_count; inner++) {
            FN(multiply)(
                FN(member)(a, outer, inner), FN(member)(b, outer, inner), FN(member)(c, outer, inner),
                transpose_a, transpose_b, epilogue, scratch);
        }
    }
}
