/* Bringing operands into the order in which tiles read them. */

/* Where a strip of rows, cut into tiles of nearly the same height, has its tile number `tile`. */
INLINE ptrdiff_t FN(tile_start)(ptrdiff_t rows, ptrdiff_t tiles, ptrdiff_t tile) {
    const ptrdiff_t small = rows / tiles, larger = rows % tiles;
    return tile * small + (tile < larger ? tile : larger);
}

INLINE ptrdiff_t FN(tile_count)(ptrdiff_t rows) {
    return (rows + ROWS - 1) / ROWS;
}

/*
 * Transposes sixteen rows of sixteen lanes: first pairs of rows and pairs of pairs inside each quarter of a
 * register, then the quarters.
 */
INLINE void FN(transpose)(v16 r[16]) {
    v16 t[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 4) {
        const v16 a = __builtin_shufflevector(
            r[i], r[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        const v16 b = __builtin_shufflevector(
            r[i], r[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
        const v16 c = __builtin_shufflevector(
            r[i + 2], r[i + 3], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        const v16 d = __builtin_shufflevector(
            r[i + 2], r[i + 3], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
        t[i] = __builtin_shufflevector(a, c, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
        t[i + 1] = __builtin_shufflevector(a, c, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        t[i + 2] = __builtin_shufflevector(b, d, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
        t[i + 3] = __builtin_shufflevector(b, d, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) {
        /* Quarter q of t[4 g + j] is column 4 q + j of rows 4 g ... 4 g + 3. */
        const v16 a = __builtin_shufflevector(
            t[j], t[4 + j], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
        const v16 b = __builtin_shufflevector(
            t[j], t[4 + j], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
        const v16 c = __builtin_shufflevector(
            t[8 + j], t[12 + j], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
        const v16 d = __builtin_shufflevector(
            t[8 + j], t[12 + j], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
        r[j].lo = a.lo;
        r[j].hi = c.lo;
        r[4 + j].lo = b.lo;
        r[4 + j].hi = d.lo;
        r[8 + j].lo = a.hi;
        r[8 + j].hi = c.hi;
        r[12 + j].lo = b.hi;
        r[12 + j].hi = d.hi;
    }
}

/*
 * Writes the transpose of up to sixteen rows of `count` floats: element (i, k) goes to k * step + i. Each
 * line is written as sixteen floats, those beyond `rows` zero, so with a step below 16 the next line covers
 * them, and `to` needs sixteen floats of room beyond its end.
 */
static void FN(transpose_rows)(
    const float *from, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t count, float *to, ptrdiff_t step) {
    EACH(k, n, count) {
        v16 lines[16];
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) {
            lines[i] = i < rows ? FN(load)(from + i * stride + k, n) : (v16)(0.0f);
        }
        FN(transpose)(lines);
        for (ptrdiff_t line = 0; line < n; line++) {
            FN(full_store)(to + (k + line) * step, lines[line]);
        }
    }
}

/* Copies 1 to 16 floats, by two vectors that overlap. */
INLINE void FN(copy_few)(const float *from, ptrdiff_t count, float *to) {
    if (count >= 8) {
        const v8_unaligned first = *(const v8_unaligned *)from;
        const v8_unaligned last = *(const v8_unaligned *)(from + count - 8);
        *(v8_unaligned *)to = first;
        *(v8_unaligned *)(to + count - 8) = last;
    } else if (count >= 4) {
        const v4_unaligned first = *(const v4_unaligned *)from;
        const v4_unaligned last = *(const v4_unaligned *)(from + count - 4);
        *(v4_unaligned *)to = first;
        *(v4_unaligned *)(to + count - 4) = last;
    } else {
        for (ptrdiff_t i = 0; i < count; i++) {
            to[i] = from[i];
        }
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
                FN(copy_few)(a.data + start + k * a.inner, height, strip + k * height);
            }
        } else {
            FN(transpose_rows)(a.data + start * a.row, a.row, height, inner, strip, height);
        }
    }
}

/* Writes panels of 16 columns of a right operand; `transposed` says that its columns are rows in memory. */
static void FN(pack_panels)(
    const float *b, ptrdiff_t stride, bool transposed, ptrdiff_t inner, ptrdiff_t columns, float *to) {
    EACH(j, n, columns) {
        if (transposed) {
            FN(transpose_rows)(b + j * stride, stride, n, inner, to, 16);
        } else {
            for (ptrdiff_t k = 0; k < inner; k++) {
                FN(full_store)(to + k * 16, FN(load)(b + j + k * stride, n));
            }
        }
        to += inner * 16;
    }
}
