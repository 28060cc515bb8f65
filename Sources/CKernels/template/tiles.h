/* Register tiles: the innermost loops of products. */

/* The left operand as a tile sees it: how far apart neighbours along its rows and along the sum are. */
typedef struct {
    const float *data;
    ptrdiff_t row, inner;
} FN(left);

/* The right operand as a tile sees it: 16 columns lie side by side, in memory or in a packed panel. */
typedef struct {
    const float *data;
    ptrdiff_t inner, panel;
} FN(right);

/* What a tile writes: to = alpha * sum + base, with the base's rows `base_stride` apart (0 for a bias). */
typedef struct {
    float *data;
    ptrdiff_t stride, columns;
    const float *base;
    ptrdiff_t base_stride;
    float alpha;
} FN(result);

/* How the left operand lies: row by row, column by column, or packed (tile by tile, column by column). */
typedef enum { FN(by_rows), FN(by_columns), FN(packed_rows) } FN(layout);

/* Rows of the left operand by layout are read through pointers three rows apart: enough for ROWS rows. */
enum { FN(pointer_count) = (ROWS + 2) / 3 };

/* Adds one term to every sum: `offset` is where the left operand's column lies from its pointers. */
INLINE void FN(add_term)(
    const int rows, const int panels, const FN(layout) layout, const float *const *left, ptrdiff_t row,
    ptrdiff_t offset, const float *right, ptrdiff_t panel, v16 sums[ROWS][PANELS]) {
    v16 columns[PANELS];
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) {
        columns[p] = FN(full_load)(right + p * panel);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
        const float *from = layout == FN(by_rows) ? left[i / 3] + i % 3 * row : left[0] + i;
        const v16 factor = (v16)(from[offset]);
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) {
            sums[i][p] = FN(fma)(factor, columns[p], sums[i][p]);
        }
    }
}

/* One tile. The first three arguments are constants at every use, so the sums stay in registers. */
INLINE void FN(tile)(
    const int rows, const int panels, const FN(layout) layout, ptrdiff_t inner, FN(left) a, FN(right) b,
    FN(result) c) {
    const ptrdiff_t step = layout == FN(by_rows) ? 1 : (layout == FN(packed_rows) ? rows : a.inner);
    const int pointers = layout == FN(by_rows) ? (rows + 2) / 3 : 1;
    v16 sums[ROWS][PANELS];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) {
            sums[i][p] = (v16)(0.0f);
        }
    }
    const float *left[FN(pointer_count)], *right = b.data;
#pragma clang loop unroll(full)
    for (int i = 0; i < pointers; i++) {
        left[i] = a.data + 3 * i * a.row;
    }
    /* The result's rows are fetched one after another while sums are made, so that stores do not wait. */
    const float *ahead = c.data, *last_row = c.data + (rows - 1) * c.stride;
    ptrdiff_t k = 0;
    for (; k + 4 <= inner; k += 4) {
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) {
            __builtin_prefetch(ahead + p * 16, 1);
        }
        ahead = ahead == last_row ? ahead : ahead + c.stride;
#pragma clang loop unroll(full)
        for (int term = 0; term < 4; term++) {
            FN(add_term)(rows, panels, layout, left, a.row, term * step, right, b.panel, sums);
            right += b.inner;
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < pointers; i++) {
            left[i] += 4 * step;
            /* Keeps each pointer in its own register, where the compiler would recompute them all. */
            __asm__("" : "+r"(left[i]));
        }
    }
    for (; k < inner; k++) {
        FN(add_term)(rows, panels, layout, left, a.row, 0, right, b.panel, sums);
        right += b.inner;
#pragma clang loop unroll(full)
        for (int i = 0; i < pointers; i++) {
            left[i] += step;
        }
    }
    const v16 alpha = (v16)(c.alpha);
    if (c.columns >= 16 * panels) {
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
            for (int p = 0; p < panels; p++) {
                const v16 base = FN(full_load)(c.base + i * c.base_stride + p * 16);
                FN(full_store)(c.data + i * c.stride + p * 16, FN(fma)(sums[i][p], alpha, base));
            }
        }
        return;
    }
    /* The last panel is not whole; those before it are. */
    v16 last[ROWS];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int p = 0; p < panels - 1; p++) {
            const v16 base = FN(full_load)(c.base + i * c.base_stride + p * 16);
            FN(full_store)(c.data + i * c.stride + p * 16, FN(fma)(sums[i][p], alpha, base));
        }
        last[i] = sums[i][panels - 1];
    }
    const ptrdiff_t done = 16 * (panels - 1), n = c.columns - done;
    for (int i = 0; i < rows; i++) {
        const v16 base = FN(load)(c.base + i * c.base_stride + done, n);
        FN(store)(c.data + i * c.stride + done, FN(fma)(last[i], alpha, base), n);
    }
}

#define TILE_CASE(n)                                                                                \
    case n:                                                                                         \
        FN(tile)(n <= ROWS ? n : ROWS, panels, layout, inner, a, b, c);                             \
        break;

/* One tile of 1 to ROWS rows; `panels` and `layout` are constants at every use. */
INLINE void FN(any_tile)(
    ptrdiff_t rows, const int panels, const FN(layout) layout, ptrdiff_t inner, FN(left) a, FN(right) b,
    FN(result) c) {
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

/* The tiles that are compiled: for each layout of the left operand, one panel or PANELS panels wide. */
#define DEFINE_TILE(layout, name, panels)                                                           \
    static __attribute__((noinline)) void FN(name)(                                                 \
        ptrdiff_t rows, ptrdiff_t inner, FN(left) a, FN(right) b, FN(result) c) {                   \
        FN(any_tile)(rows, panels, FN(layout), inner, a, b, c);                                     \
    }

DEFINE_TILE(by_rows, narrow_tile_by_rows, 1)
DEFINE_TILE(by_columns, narrow_tile_by_columns, 1)
DEFINE_TILE(packed_rows, narrow_tile_packed, 1)
#if PANELS > 1
DEFINE_TILE(by_rows, wide_tile_by_rows, PANELS)
DEFINE_TILE(by_columns, wide_tile_by_columns, PANELS)
DEFINE_TILE(packed_rows, wide_tile_packed, PANELS)
#endif
#undef DEFINE_TILE

typedef void (*FN(tile_function))(ptrdiff_t, ptrdiff_t, FN(left), FN(right), FN(result));

INLINE FN(tile_function) FN(narrow_tile)(FN(layout) layout) {
    return layout == FN(by_rows)       ? FN(narrow_tile_by_rows)
        : layout == FN(by_columns)     ? FN(narrow_tile_by_columns)
                                       : FN(narrow_tile_packed);
}

INLINE FN(tile_function) FN(wide_tile)(FN(layout) layout) {
#if PANELS > 1
    return layout == FN(by_rows)       ? FN(wide_tile_by_rows)
        : layout == FN(by_columns)     ? FN(wide_tile_by_columns)
                                       : FN(wide_tile_packed);
#else
    return FN(narrow_tile)(layout);
#endif
}
