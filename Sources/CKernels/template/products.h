/*
 * Matrix products. The result is cut into register tiles of up to ROWS rows and PANELS panels of 16
 * columns. Each element is a sum over blocks of CK_INNER_BLOCK terms, in each block by multiply-adds in
 * order of the inner index: the bits do not depend on how rows and columns are cut, nor on what is packed.
 */

/* A row of zeros that a result without a base adds, so that tiles need not ask. */
static const float FN(zeros)[16 * PANELS] = {0};

/* All tiles of one block of the result; panels of `b` beyond c.columns are zeros or are not there. */
static void FN(block)(
    ptrdiff_t rows, ptrdiff_t inner, FN(layout) layout, FN(left) a, FN(right) b, FN(result) c) {
    const ptrdiff_t tiles = FN(tile_count)(rows);
    for (ptrdiff_t j = 0; j < c.columns;) {
        const ptrdiff_t rest = c.columns - j, width = rest > 16 ? 16 * PANELS : 16;
        const FN(tile_function) compute = width > 16 ? FN(wide_tile)(layout) : FN(narrow_tile)(layout);
        const FN(right) panels = {b.data + j / 16 * b.panel, b.inner, b.panel};
        for (ptrdiff_t tile = 0, start = 0; tile < tiles; tile++) {
            const ptrdiff_t end = FN(tile_start)(rows, tiles, tile + 1);
            const ptrdiff_t distance = layout == FN(packed_rows) ? inner : a.row;
            const FN(left) strip = {a.data + start * distance, a.row, a.inner};
            const FN(result) part = {
                c.data + start * c.stride + j, c.stride, rest,
                c.base == FN(zeros) ? c.base : c.base + start * c.base_stride + j, c.base_stride, c.alpha};
            compute(end - start, inner, strip, panels, part);
            start = end;
        }
        j += width;
    }
}

static void FN(pack)(ck_matrix b, bool transposed, ck_packed packed) {
    const ptrdiff_t width = (packed.columns + 15) / 16 * 16;
    for (ptrdiff_t k = 0; k < packed.inner; k += CK_INNER_BLOCK) {
        const ptrdiff_t count = packed.inner - k < CK_INNER_BLOCK ? packed.inner - k : CK_INNER_BLOCK;
        FN(pack_panels)(
            b.data + k * (transposed ? 1 : b.stride), b.stride, transposed, count, packed.columns,
            packed.data + k * width);
    }
}

/* The initial sums of the block that starts at inner index `k`: after the first, the sums of the blocks before. */
INLINE FN(result) FN(block_result)(ck_matrix c, ck_epilogue epilogue, ptrdiff_t k) {
    if (k > 0 || epilogue.accumulate) {
        return (FN(result)){c.data, c.stride, c.columns, c.data, c.stride, epilogue.alpha};
    }
    const float *base = epilogue.bias ? epilogue.bias : FN(zeros);
    return (FN(result)){c.data, c.stride, c.columns, base, 0, epilogue.alpha};
}

/* The columns of a result from `start` on, `count` of them. */
INLINE FN(result) FN(part_of_result)(FN(result) c, ptrdiff_t start, ptrdiff_t count) {
    c.data += start;
    c.base += c.base == FN(zeros) ? 0 : start;
    c.columns = count;
    return c;
}

/* Whether rows that are `stride` floats apart share so few cache sets that they displace one another. */
INLINE bool FN(collides)(ptrdiff_t stride) {
    return stride % 512 == 0;
}

/* The rows of the result for one inner block; packs rows of `a`, block by block, if `pack` is true. */
static void FN(row_blocks)(
    ptrdiff_t rows, ptrdiff_t inner, FN(left) a, bool pack, FN(right) b, FN(result) c, float *scratch) {
    for (ptrdiff_t i = 0; i < rows; i += BLOCK_ROWS) {
        const ptrdiff_t count = rows - i < BLOCK_ROWS ? rows - i : BLOCK_ROWS;
        const FN(left) part = {a.data + i * a.row, a.row, a.inner};
        FN(result) here = c;
        here.data += i * c.stride;
        here.base += i * c.base_stride;
        if (pack) {
            FN(pack_rows)(part, count, inner, scratch);
            FN(block)(count, inner, FN(packed_rows), (FN(left)){scratch, 1, 0}, b, here);
        } else {
            FN(block)(count, inner, a.row == 1 ? FN(by_columns) : FN(by_rows), part, b, here);
        }
    }
}

static void FN(multiply_packed)(
    ck_matrix a, ck_packed b, ck_matrix c, ck_epilogue epilogue, float *scratch) {
    const ptrdiff_t width = (b.columns + 15) / 16 * 16;
    const bool pack = FN(collides)(a.stride);
    for (ptrdiff_t k = 0; k == 0 || k < b.inner; k += CK_INNER_BLOCK) {
        const ptrdiff_t inner = b.inner - k < CK_INNER_BLOCK ? b.inner - k : CK_INNER_BLOCK;
        const FN(left) left = {a.data + k, a.stride, 1};
        const FN(right) right = {b.data + k * width, 16, 16 * inner};
        FN(row_blocks)(c.rows, inner, left, pack, right, FN(block_result)(c, epilogue, k), scratch);
    }
}

/*
 * A product whose right operand is packed here, block by block. Columns of a transposed left operand are
 * worth packing when many panels read them; its rows only when they collide.
 */
static void FN(multiply)(
    ck_matrix a, ck_matrix b, ck_matrix c, bool transpose_a, bool transpose_b, ck_epilogue epilogue,
    float *scratch) {
    const ptrdiff_t all = transpose_a ? a.rows : a.columns;
    const FN(left) left = {a.data, transpose_a ? 1 : a.stride, transpose_a ? a.stride : 1};
    const ptrdiff_t inner_step = transpose_b ? 1 : b.stride, column_step = transpose_b ? b.stride : 1;
    const bool pack = transpose_a ? c.columns >= 256 : FN(collides)(a.stride);
    float *panels = scratch + BLOCK_ROWS * CK_INNER_BLOCK + 16;
    for (ptrdiff_t k = 0; k == 0 || k < all; k += CK_INNER_BLOCK) {
        const ptrdiff_t inner = all - k < CK_INNER_BLOCK ? all - k : CK_INNER_BLOCK;
        const FN(left) part = {left.data + k * left.inner, left.row, left.inner};
        const FN(result) result = FN(block_result)(c, epilogue, k);
        for (ptrdiff_t j = 0; j < c.columns; j += BLOCK_COLUMNS) {
            const ptrdiff_t columns = c.columns - j < BLOCK_COLUMNS ? c.columns - j : BLOCK_COLUMNS;
            FN(pack_panels)(
                b.data + k * inner_step + j * column_step, b.stride, transpose_b, inner, columns, panels);
            const FN(right) right = {panels, 16, 16 * inner};
            FN(row_blocks)(
                c.rows, inner, part, pack, right, FN(part_of_result)(result, j, columns), scratch);
        }
    }
}

INLINE ck_matrix FN(member)(ck_batch batch, ptrdiff_t outer, ptrdiff_t inner) {
    ck_matrix m = batch.first;
    m.data += outer * batch.outer_stride + inner * batch.inner_stride;
    return m;
}

/*
 * A product of small matrices: the left operand is read where it lies, and so are whole panels of a right
 * operand that is not transposed.
 */
static void FN(multiply_small)(
    ck_matrix a, ck_matrix b, ck_matrix c, bool transpose_a, bool transpose_b, ck_epilogue epilogue,
    float *scratch) {
    const ptrdiff_t inner = transpose_a ? a.rows : a.columns;
    const FN(left) left = {a.data, transpose_a ? 1 : a.stride, transpose_a ? a.stride : 1};
    const FN(layout) layout = transpose_a ? FN(by_columns) : FN(by_rows);
    const FN(result) result = FN(block_result)(c, epilogue, 0);
    if (transpose_b) {
        FN(pack_panels)(b.data, b.stride, true, inner, c.columns, scratch);
        FN(block)(c.rows, inner, layout, left, (FN(right)){scratch, 16, 16 * inner}, result);
        return;
    }
    const ptrdiff_t whole = c.columns / 16 * 16;
    if (whole > 0) {
        const FN(right) right = {b.data, b.stride, 16};
        FN(block)(c.rows, inner, layout, left, right, FN(part_of_result)(result, 0, whole));
    }
    if (whole < c.columns) {
        FN(pack_panels)(b.data + whole, b.stride, false, inner, c.columns - whole, scratch);
        FN(block)(
            c.rows, inner, layout, left, (FN(right)){scratch, 16, 16 * inner},
            FN(part_of_result)(result, whole, c.columns - whole));
    }
}

static void FN(multiply_batch)(
    ck_batch a, ck_batch b, ck_batch c, bool transpose_a, bool transpose_b, ck_epilogue epilogue,
    float *scratch) {
    const ptrdiff_t inner_length = transpose_a ? a.first.rows : a.first.columns;
    const bool small = inner_length <= CK_INNER_BLOCK && c.first.columns <= BLOCK_COLUMNS;
    for (ptrdiff_t outer = 0; outer < c.outer_count; outer++) {
        for (ptrdiff_t inner = 0; inner < c.inner_count; inner++) {
            (small ? FN(multiply_small) : FN(multiply))(
                FN(member)(a, outer, inner), FN(member)(b, outer, inner), FN(member)(c, outer, inner),
                transpose_a, transpose_b, epilogue, scratch);
        }
    }
}
