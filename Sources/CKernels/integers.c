/*
 * Linear layers on bytes: codes 0 ... 255 of activations times codes -128 ... 127 of weights, added up in 32 bits.
 * The codes and the sums are the same integers at every level, and so are the floats that are made of them.
 */
#include "CKernels.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { PANEL = CK_PANEL_COLUMNS };

/* How many bytes of codes are made at once: what the scratch memory holds beside the sums of rows. */
enum { MOST_ROWS = 1024 };

size_t ck_packed_byte_count(ptrdiff_t inner, ptrdiff_t columns) {
    size_t quads = ((size_t)inner + 3) / 4, panels = ((size_t)columns + PANEL - 1) / PANEL;
    return quads * 4 * panels * PANEL;
}

void ck_pack_bytes(const int8_t *codes, ptrdiff_t inner, ptrdiff_t columns, int8_t *to, int32_t *sums) {
    const ptrdiff_t quads = (inner + 3) / 4;
    memset(to, 0, ck_packed_byte_count(inner, columns));
    for (ptrdiff_t column = 0; column < columns; column++) {
        int32_t sum = 0;
        for (ptrdiff_t k = 0; k < inner; k++) {
            const int8_t code = codes[column * inner + k];
            to[((column / PANEL * quads + k / 4) * PANEL + column % PANEL) * 4 + k % 4] = code;
            sum += code;
        }
        sums[column] = sum;
    }
}

/* What one panel's sums of one row become. */
typedef struct {
    /* [16] each: what is added to a sum, what the row's sum is multiplied with and taken away, the factor, the bias. */
    int32_t offsets[PANEL], zeros[PANEL];
    float factors[PANEL], bias[PANEL];
} panel_ending;

static panel_ending ending_of(ck_byte_layer layer, ptrdiff_t first, ptrdiff_t n) {
    panel_ending result;
    memset(&result, 0, sizeof result);
    for (ptrdiff_t j = 0; j < n; j++) {
        const int32_t zero = layer.zero_points[first + j];
        result.offsets[j] =
            layer.input_zero * ((int32_t)layer.inner * zero - layer.sums[first + j]);
        result.zeros[j] = zero;
        result.factors[j] = layer.input_scale * layer.scales[first + j];
        result.bias[j] = layer.bias ? layer.bias[first + j] : 0;
    }
    return result;
}

/* Sums [rows][16] of one panel; `codes` rows are 4 * quads bytes long. */
typedef void (*product_function)(
    const uint8_t *codes, ptrdiff_t rows, ptrdiff_t quads, const int8_t *panel, const int32_t *row_sums,
    const panel_ending *ending, float *out, ptrdiff_t stride, ptrdiff_t columns);

/* Codes of a row, and their sum; `length` bytes are written, those from `count` on are 0. */
typedef int32_t (*code_function)(const float *x, ptrdiff_t count, ck_byte_layer layer, uint8_t *codes);

static inline void finish(
    const int32_t *sums, int32_t row_sum, const panel_ending *ending, float *out, ptrdiff_t columns) {
    for (ptrdiff_t j = 0; j < columns; j++) {
        const int32_t value = sums[j] + ending->offsets[j] - ending->zeros[j] * row_sum;
        out[j] = (float)value * ending->factors[j] + ending->bias[j];
    }
}

/* MARK: Portable */

static int32_t codes_portable(const float *x, ptrdiff_t count, ck_byte_layer layer, uint8_t *codes) {
    int32_t sum = 0;
    for (ptrdiff_t k = 0; k < count; k++) {
        const float rounded = rintf(x[k] / layer.input_scale) + (float)layer.input_zero;
        /* Written so that what is not a number becomes 0, as in vectors. */
        const float low = rounded > 0 ? rounded : 0;
        const float code = low < layer.maximum_code ? low : layer.maximum_code;
        codes[k] = (uint8_t)code;
        sum += codes[k];
    }
    return sum;
}

static void product_portable(
    const uint8_t *codes, ptrdiff_t rows, ptrdiff_t quads, const int8_t *panel, const int32_t *row_sums,
    const panel_ending *ending, float *out, ptrdiff_t stride, ptrdiff_t columns) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        int32_t sums[PANEL] = {0};
        const uint8_t *a = codes + row * quads * 4;
        for (ptrdiff_t quad = 0; quad < quads; quad++) {
            const int8_t *b = panel + quad * 4 * PANEL;
            for (ptrdiff_t j = 0; j < PANEL; j++) {
                sums[j] += a[quad * 4] * b[j * 4] + a[quad * 4 + 1] * b[j * 4 + 1]
                    + a[quad * 4 + 2] * b[j * 4 + 2] + a[quad * 4 + 3] * b[j * 4 + 3];
            }
        }
        finish(sums, row_sums[row], ending, out + row * stride, columns);
    }
}

#if defined(__x86_64__)

/* MARK: AVX2 */

#define AVX2 __attribute__((target("avx2,fma")))

AVX2 static int32_t codes_avx2(const float *x, ptrdiff_t count, ck_byte_layer layer, uint8_t *codes) {
    const __m256 scale = _mm256_set1_ps(layer.input_scale), zero = _mm256_set1_ps((float)layer.input_zero);
    const __m256 least = _mm256_setzero_ps(), greatest = _mm256_set1_ps(layer.maximum_code);
    __m256i total = _mm256_setzero_si256();
    ptrdiff_t k = 0;
    for (; k + 8 <= count; k += 8) {
        __m256 value = _mm256_div_ps(_mm256_loadu_ps(x + k), scale);
        value = _mm256_add_ps(
            _mm256_round_ps(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), zero);
        value = _mm256_min_ps(_mm256_max_ps(value, least), greatest);
        const __m256i wide = _mm256_cvtps_epi32(value);
        total = _mm256_add_epi32(total, wide);
        const __m128i half =
            _mm_packus_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
        _mm_storel_epi64((__m128i *)(codes + k), _mm_packus_epi16(half, half));
    }
    int32_t parts[8], sum = 0;
    _mm256_storeu_si256((__m256i *)parts, total);
    for (int i = 0; i < 8; i++) {
        sum += parts[i];
    }
    return sum + codes_portable(x + k, count - k, layer, codes + k);
}

/* Rows of a tile: two sums of pairs for each, of 16 columns, stay in registers. */
enum { ROWS_AVX2 = 2 };

AVX2 static inline __attribute__((always_inline)) void tile_avx2(
    const int rows, const uint8_t *codes, ptrdiff_t quads, const int8_t *panel, const int32_t *row_sums,
    const panel_ending *ending, float *out, ptrdiff_t stride, ptrdiff_t columns) {
    /* Each holds four columns: pairs (0, 1) and (2, 3) of the quad, side by side. */
    __m256i sums[ROWS_AVX2][4];
    for (int i = 0; i < rows; i++) {
        for (int part = 0; part < 4; part++) {
            sums[i][part] = _mm256_setzero_si256();
        }
    }
    for (ptrdiff_t quad = 0; quad < quads; quad++) {
        __m256i b[4];
        for (int part = 0; part < 4; part++) {
            b[part] = _mm256_cvtepi8_epi16(
                _mm_loadu_si128((const __m128i *)(panel + quad * 64 + part * 16)));
        }
        for (int i = 0; i < rows; i++) {
            int32_t four;
            memcpy(&four, codes + (i * quads + quad) * 4, 4);
            const __m256i a = _mm256_cvtepu8_epi16(_mm_set1_epi32(four));
            for (int part = 0; part < 4; part++) {
                sums[i][part] = _mm256_add_epi32(sums[i][part], _mm256_madd_epi16(a, b[part]));
            }
        }
    }
    for (int i = 0; i < rows; i++) {
        int32_t pairs[32], whole[PANEL];
        for (int part = 0; part < 4; part++) {
            _mm256_storeu_si256((__m256i *)(pairs + part * 8), sums[i][part]);
        }
        for (int j = 0; j < PANEL; j++) {
            whole[j] = pairs[2 * j] + pairs[2 * j + 1];
        }
        finish(whole, row_sums[i], ending, out + i * stride, columns);
    }
}

AVX2 static void product_avx2(
    const uint8_t *codes, ptrdiff_t rows, ptrdiff_t quads, const int8_t *panel, const int32_t *row_sums,
    const panel_ending *ending, float *out, ptrdiff_t stride, ptrdiff_t columns) {
    ptrdiff_t row = 0;
    for (; row + ROWS_AVX2 <= rows; row += ROWS_AVX2) {
        tile_avx2(
            ROWS_AVX2, codes + row * quads * 4, quads, panel, row_sums + row, ending, out + row * stride,
            stride, columns);
    }
    if (row < rows) {
        tile_avx2(
            1, codes + row * quads * 4, quads, panel, row_sums + row, ending, out + row * stride, stride,
            columns);
    }
}

/* MARK: AVX-512 with VNNI */

#define VNNI __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

VNNI static int32_t codes_vnni(const float *x, ptrdiff_t count, ck_byte_layer layer, uint8_t *codes) {
    const __m512 scale = _mm512_set1_ps(layer.input_scale), zero = _mm512_set1_ps((float)layer.input_zero);
    const __m512 least = _mm512_setzero_ps(), greatest = _mm512_set1_ps(layer.maximum_code);
    __m512i total = _mm512_setzero_si512();
    for (ptrdiff_t k = 0; k < count; k += 16) {
        const __mmask16 some = count - k >= 16 ? 0xffff : (__mmask16)((1u << (count - k)) - 1);
        __m512 value = _mm512_div_ps(_mm512_maskz_loadu_ps(some, x + k), scale);
        value = _mm512_add_ps(
            _mm512_roundscale_ps(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), zero);
        value = _mm512_min_ps(_mm512_max_ps(value, least), greatest);
        const __m512i wide = _mm512_maskz_cvtps_epi32(some, value);
        total = _mm512_add_epi32(total, wide);
        _mm_mask_storeu_epi8(codes + k, some, _mm512_cvtepi32_epi8(wide));
    }
    return _mm512_reduce_add_epi32(total);
}

/* Rows of a tile: their sums, and a panel of weights, stay in registers. */
enum { ROWS_VNNI = 12 };

VNNI static inline __attribute__((always_inline)) void tile_vnni(
    const int rows, const int panels, const uint8_t *codes, ptrdiff_t quads, const int8_t *panel,
    const int32_t *row_sums, const panel_ending *ending, float *out, ptrdiff_t stride, ptrdiff_t columns) {
    __m512i sums[ROWS_VNNI][2];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) {
            sums[i][p] = _mm512_setzero_si512();
        }
    }
    for (ptrdiff_t quad = 0; quad < quads; quad++) {
        __m512i b[2];
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) {
            b[p] = _mm512_loadu_si512(panel + (p * quads + quad) * 64);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            int32_t four;
            memcpy(&four, codes + (i * quads + quad) * 4, 4);
            const __m512i a = _mm512_set1_epi32(four);
#pragma clang loop unroll(full)
            for (int p = 0; p < panels; p++) {
                sums[i][p] = _mm512_dpbusd_epi32(sums[i][p], a, b[p]);
            }
        }
    }
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) {
        const __m512i offsets = _mm512_loadu_si512(ending[p].offsets);
        const __m512i zeros = _mm512_loadu_si512(ending[p].zeros);
        const __m512 factors = _mm512_loadu_ps(ending[p].factors), bias = _mm512_loadu_ps(ending[p].bias);
        const ptrdiff_t left = columns - p * PANEL;
        const __mmask16 some = left >= PANEL ? 0xffff : (__mmask16)((1u << left) - 1);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const __m512i whole = _mm512_sub_epi32(
                _mm512_add_epi32(sums[i][p], offsets),
                _mm512_mullo_epi32(zeros, _mm512_set1_epi32(row_sums[i])));
            const __m512 value = _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(whole), factors), bias);
            _mm512_mask_storeu_ps(out + i * stride + p * PANEL, some, value);
        }
    }
}

#define TILE_VNNI(n)                                                                                \
    case n:                                                                                         \
        tile_vnni(n, panels, codes, quads, panel, row_sums, ending, out, stride, columns);          \
        break;

VNNI static inline __attribute__((always_inline)) void any_tile_vnni(
    ptrdiff_t rows, const int panels, const uint8_t *codes, ptrdiff_t quads, const int8_t *panel,
    const int32_t *row_sums, const panel_ending *ending, float *out, ptrdiff_t stride, ptrdiff_t columns) {
    switch (rows) {
        TILE_VNNI(1)
        TILE_VNNI(2)
        TILE_VNNI(3)
        TILE_VNNI(4)
        TILE_VNNI(5)
        TILE_VNNI(6)
        TILE_VNNI(7)
        TILE_VNNI(8)
        TILE_VNNI(9)
        TILE_VNNI(10)
        TILE_VNNI(11)
        TILE_VNNI(12)
    default:
        break;
    }
}

#undef TILE_VNNI

VNNI static void product_vnni(
    const uint8_t *codes, ptrdiff_t rows, ptrdiff_t quads, const int8_t *panel, const int32_t *row_sums,
    const panel_ending *ending, float *out, ptrdiff_t stride, ptrdiff_t columns) {
    /* Tiles of nearly the same height: a last one of a single row would take as long as one of four. */
    const ptrdiff_t tiles = (rows + ROWS_VNNI - 1) / ROWS_VNNI;
    ptrdiff_t row = 0;
    for (ptrdiff_t tile = 0; tile < tiles; tile++) {
        const ptrdiff_t height = rows / tiles + (tile < rows % tiles);
        const uint8_t *a = codes + row * quads * 4;
        if (columns > PANEL) {
            any_tile_vnni(
                height, 2, a, quads, panel, row_sums + row, ending, out + row * stride, stride, columns);
        } else {
            any_tile_vnni(
                height, 1, a, quads, panel, row_sums + row, ending, out + row * stride, stride, columns);
        }
        row += height;
    }
}

#endif

/* MARK: Layer */

typedef struct {
    code_function codes;
    product_function product;
    /* The panels that a product takes at once. */
    ptrdiff_t panels;
} byte_kernels;

static byte_kernels current_byte_kernels(void) {
#if defined(__x86_64__)
    switch (ck_current_level()) {
    case CK_AVX512:
        if (__builtin_cpu_supports("avx512vnni")) {
            return (byte_kernels){codes_vnni, product_vnni, 2};
        }
        return (byte_kernels){codes_avx2, product_avx2, 1};
    case CK_AVX2:
        return (byte_kernels){codes_avx2, product_avx2, 1};
    default:
        break;
    }
#endif
    return (byte_kernels){codes_portable, product_portable, 1};
}

void ck_multiply_bytes(ck_matrix x, ck_byte_layer layer, ck_matrix out, float *scratch) {
    const byte_kernels kernels = current_byte_kernels();
    const ptrdiff_t quads = (layer.inner + 3) / 4, length = quads * 4;
    int32_t *row_sums = (int32_t *)scratch;
    uint8_t *codes = (uint8_t *)(row_sums + MOST_ROWS);
    const ptrdiff_t room = (ptrdiff_t)(ck_scratch_count() * sizeof(float)) - MOST_ROWS * (ptrdiff_t)sizeof(int32_t);
    ptrdiff_t step = room / (length > 0 ? length : 1);
    step = step < 1 ? 1 : (step > MOST_ROWS ? MOST_ROWS : step);
    for (ptrdiff_t first = 0; first < x.rows; first += step) {
        const ptrdiff_t rows = x.rows - first < step ? x.rows - first : step;
        for (ptrdiff_t row = 0; row < rows; row++) {
            uint8_t *to = codes + row * length;
            memset(to + length - (length > 0 ? 4 : 0), 0, length > 0 ? 4 : 0);
            row_sums[row] = kernels.codes(x.data + (first + row) * x.stride, layer.inner, layer, to);
        }
        for (ptrdiff_t column = 0; column < layer.columns; column += kernels.panels * PANEL) {
            const ptrdiff_t left = layer.columns - column;
            const ptrdiff_t n = left < kernels.panels * PANEL ? left : kernels.panels * PANEL;
            panel_ending endings[2];
            for (ptrdiff_t p = 0; p * PANEL < n; p++) {
                const ptrdiff_t width = n - p * PANEL < PANEL ? n - p * PANEL : PANEL;
                endings[p] = ending_of(layer, column + p * PANEL, width);
            }
            kernels.product(
                codes, rows, quads, layer.weights + column / PANEL * quads * 4 * PANEL, row_sums, endings,
                out.data + first * out.stride + column, out.stride, n);
        }
    }
}

ptrdiff_t ck_most_byte_inner(void) {
    /* Every sum of products of codes, and what is added to it, is below 2^31; one row fits in the scratch memory. */
    return 1 << 14;
}
