/*
 * Compute kernels on floats: one source, compiled once for each instruction set, chosen at run time.
 *
 * Nothing here allocates, starts threads or checks shapes; `Kernels` in Swift does the checking. Every
 * table holds the same functions. Those that use fused multiply-add work on the same 16 lanes in the
 * same order, so AVX2 and AVX-512 give the same bits; the baseline rounds products and sums apart.
 */
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/* Rows of floats: element (r, c) is data[r * stride + c]. */
typedef struct {
    float *data;
    ptrdiff_t rows, columns, stride;
} ck_matrix;

/*
 * Which parameter an element uses. by_column: group = column / width, where width times the number of
 * groups is the number of columns. Otherwise: group = (row / width) % count.
 */
typedef struct {
    bool by_column;
    ptrdiff_t width, count;
} ck_groups;

/* An affine quantizer: codes 0 ... maximum_code; one scale and zero point for each group. */
typedef struct {
    const float *scales, *zero_points;
    float maximum_code;
    ck_groups groups;
} ck_affine;

/* A logarithmic quantizer: code q is delta * 2^(-q/2), and maximum_code is zero. */
typedef struct {
    const float *deltas;
    float maximum_code;
    ck_groups groups;
} ck_logarithmic;

/* Parameters of a logarithmic quantizer whose base is 2^(step / 37), one delta and step a group; shift is added before. */
typedef struct {
    const float *deltas, *steps;
    float shift, maximum_code;
    ck_groups groups;
} ck_searched_log;

/*
 * A random choice among elements that needs no memory: element (r, c) of a matrix has the number
 * first + r * columns + c, and is chosen if 24 bits of a hash of number and seed are below the threshold.
 */
typedef struct {
    uint32_t seed, first, threshold;
} ck_choice;

/* One step of Adam; the corrections are 1 / (1 - beta^step). */
typedef struct {
    float learning_rate, beta1, beta2, epsilon, correction1, correction2;
} ck_adam;

/*
 * A grid of equally shaped matrices in one storage, outer times inner of them. The strides are distances
 * between the first elements of neighbours.
 */
typedef struct {
    ck_matrix first;
    ptrdiff_t outer_count, outer_stride, inner_count, inner_stride;
} ck_batch;

/* The inner length of a product's blocks: partial sums of this many terms are added up in turn. */
enum { CK_INNER_BLOCK = 384 };

/* How many columns a panel of a packed matrix has. */
enum { CK_PANEL_COLUMNS = 16 };

/*
 * A packed right operand, inner * columns: for each block of CK_INNER_BLOCK rows, panels of 16 columns,
 * the last one padded with zeros, each row after row. It is the same at every level.
 */
typedef struct {
    float *data;
    ptrdiff_t inner, columns;
} ck_packed;

/* How a product enters its result: c = alpha * product + (accumulate ? c : bias, if any). */
typedef struct {
    const float *_Nullable bias;
    float alpha;
    bool accumulate;
} ck_epilogue;

typedef struct {
    /* Products. `scratch` holds ck_scratch_count() floats, aligned to 64 bytes. */
    void (*multiply)(
        ck_matrix a, ck_matrix b, ck_matrix c, bool transpose_a, bool transpose_b, ck_epilogue epilogue,
        float *scratch);
    void (*multiply_packed)(ck_matrix a, ck_packed b, ck_matrix c, ck_epilogue epilogue, float *scratch);
    void (*multiply_batch)(
        ck_batch a, ck_batch b, ck_batch c, bool transpose_a, bool transpose_b, ck_epilogue epilogue,
        float *scratch);
    void (*pack)(ck_matrix b, bool transposed, ck_packed packed);

    /* Sums. Totals are kept in double lanes and added in a fixed order. */
    void (*column_sums)(ck_matrix a, float *sums, bool accumulate);
    double (*squared_distance)(ck_matrix x, ck_matrix y);
    double (*squared_norm)(ck_matrix x);

    /* Element-wise. */
    void (*add)(ck_matrix x, ck_matrix y, const float *_Nullable gamma, ck_matrix out);
    void (*scale_columns)(ck_matrix x, const float *gamma, ck_matrix out, bool accumulate);
    void (*scale)(ck_matrix x, float factor, ck_matrix out, bool accumulate);
    void (*scaled_difference)(ck_matrix x, ck_matrix y, float factor, ck_matrix out, bool accumulate);
    void (*add_row_bias)(ck_matrix x, const float *bias, ck_matrix out);
    void (*copy)(ck_matrix x, ck_matrix out);
    void (*adam)(
        ck_matrix parameters, ck_matrix gradients, ck_matrix first_moments, ck_matrix second_moments,
        ck_adam settings);

    /* Activations and normalization. */
    void (*gelu)(ck_matrix x, ck_matrix out);
    void (*gelu_backward)(ck_matrix d_out, ck_matrix x, ck_matrix d_x, bool accumulate);
    void (*sigmoid_unit)(ck_matrix x, float a, float b, ck_matrix out);
    void (*sigmoid_unit_backward)(
        ck_matrix d_out, ck_matrix x, float a, float b, ck_matrix d_x, bool accumulate);
    void (*multiply_elements)(ck_matrix x, ck_matrix y, ck_matrix out);
    void (*rotate_pairs)(
        ck_matrix x, ck_matrix cosines, ck_matrix sines, ptrdiff_t heads, bool halves, bool reverse);
    void (*normalize_heads)(ck_matrix x, const float *lengths, ptrdiff_t heads, ck_matrix reciprocals);
    void (*normalize_heads_backward)(
        ck_matrix d_out, ck_matrix out, const float *lengths, ptrdiff_t heads, ck_matrix reciprocals);
    void (*relu)(ck_matrix x, float limit, ck_matrix out);
    void (*relu_backward)(ck_matrix d_out, ck_matrix x, float limit, ck_matrix d_x, bool accumulate);
    void (*layer_norm)(
        ck_matrix x, const float *gamma, const float *beta, float epsilon, ck_matrix out, float *mean,
        float *reciprocal_deviation);
    void (*layer_norm_backward)(
        ck_matrix d_out, ck_matrix x, const float *gamma, const float *mean,
        const float *reciprocal_deviation, ck_matrix d_x, bool accumulate);
    void (*softmax_rows)(ck_matrix x, ck_matrix out, float scale);
    void (*softmax_rows_backward)(ck_matrix d_out, ck_matrix out, ck_matrix d_x, float scale);
    double (*kullback_leibler)(
        ck_matrix target, ck_matrix student, float reciprocal_temperature,
        const ck_matrix *_Nullable gradient, float gradient_factor);

    /* Affine quantizers. */
    void (*fake_quantize)(ck_matrix x, ck_affine quantizer, ck_matrix out);
    void (*fake_quantize_backward)(
        ck_matrix d_out, ck_matrix x, ck_affine quantizer, ck_matrix d_x, bool accumulate,
        float *_Nullable scale_gradients);
    void (*quantize)(ck_matrix x, ck_affine quantizer, ck_matrix codes);
    void (*dequantize)(ck_matrix codes, ck_affine quantizer, ck_matrix out);

    /* Logarithmic quantizers. */
    void (*fake_quantize_log_sqrt2)(ck_matrix x, ck_logarithmic quantizer, ck_matrix out);
    void (*fake_quantize_log_sqrt2_backward)(
        ck_matrix d_out, ck_matrix x, ck_matrix out, ck_logarithmic quantizer, ck_matrix d_x,
        bool accumulate);
    void (*quantize_log_sqrt2)(ck_matrix x, ck_logarithmic quantizer, ck_matrix codes);
    void (*dequantize_log_sqrt2)(ck_matrix codes, ck_logarithmic quantizer, ck_matrix out);
    void (*fake_quantize_searched_log)(ck_matrix x, ck_searched_log quantizer, ck_matrix out);
    void (*fake_quantize_searched_log_backward)(
        ck_matrix d_out, ck_matrix x, ck_matrix out, ck_searched_log quantizer, ck_matrix d_x,
        bool accumulate);
    void (*quantize_searched_log)(ck_matrix x, ck_searched_log quantizer, ck_matrix codes);
    void (*dequantize_searched_log)(ck_matrix codes, ck_searched_log quantizer, ck_matrix out);

    /* Adaptive rounding of weights. */
    void (*ada_round_initialise)(ck_matrix w, ck_affine quantizer, ck_matrix alpha);
    void (*ada_round)(ck_matrix w, ck_matrix alpha, ck_affine quantizer, bool hard, ck_matrix out);
    void (*ada_round_backward)(
        ck_matrix d_w, ck_matrix w, ck_matrix alpha, ck_affine quantizer, float regularizer, float beta,
        ck_matrix d_alpha);
    double (*ada_round_penalty)(ck_matrix alpha, float beta);

    /* Random choices, and distances in which elements count differently; row r has the weights' row r % rows. */
    void (*choose)(ck_matrix x, ck_matrix y, ck_choice choice, ck_matrix out);
    void (*divide)(ck_matrix x, ck_choice choice, ck_matrix rest);
    double (*weighted_distance)(
        ck_matrix x, ck_matrix y, ck_matrix weights, float factor, const ck_matrix *_Nullable out);
    double (*weighted_absolute)(
        ck_matrix x, ck_matrix y, ck_matrix weights, float factor, const ck_matrix *_Nullable out);

    /* Runs `rounds` rounds of independent multiply-adds in registers; returns how many operations it did. */
    double (*probe)(ptrdiff_t rounds, float *sink);
} ck_kernels;

typedef enum { CK_BASELINE, CK_AVX2, CK_AVX512, CK_NEON } ck_level;

/* Whether this machine can run a level and this build holds it. */
bool ck_level_is_available(ck_level level);

/* The level in use: the best available one, unless another was set. */
ck_level ck_current_level(void);

/* Uses `level`, which must be available, from now on. */
void ck_set_level(ck_level level);

/* The functions of the level in use. */
const ck_kernels *ck_current_kernels(void);

/* How many floats of scratch memory a product may touch. */
size_t ck_scratch_count(void);

/* How many floats a packed matrix takes. */
size_t ck_packed_count(ptrdiff_t inner, ptrdiff_t columns);

/*
 * A linear layer on bytes. The input's code is clip(round(x / input_scale) + input_zero, 0, maximum_code); the weight is
 * scales[j] (code - zero_points[j]) with the codes that ck_pack_bytes laid out, whose sums over the inner index are
 * `sums`. scales, zero_points, sums and bias are [columns]; zero points are -128 ... 127.
 */
typedef struct {
    const int8_t *weights;
    ptrdiff_t inner, columns;
    const float *scales;
    const int32_t *zero_points, *sums;
    const float *_Nullable bias;
    float input_scale, maximum_code;
    int32_t input_zero;
} ck_byte_layer;

/* How many bytes a packed weight takes. */
size_t ck_packed_byte_count(ptrdiff_t inner, ptrdiff_t columns);

/* The greatest inner length of a layer on bytes. */
ptrdiff_t ck_most_byte_inner(void);

/*
 * Lays out codes [columns][inner]: for each panel of 16 columns, for each four of the inner index, the four codes of each
 * column side by side; what is missing is 0. sums [columns].
 */
void ck_pack_bytes(const int8_t *codes, ptrdiff_t inner, ptrdiff_t columns, int8_t *to, int32_t *sums);

/* x [rows, inner] to out [rows, columns]; `scratch` holds ck_scratch_count() floats. */
void ck_multiply_bytes(ck_matrix x, ck_byte_layer layer, ck_matrix out, float *scratch);

#pragma clang assume_nonnull end

#endif
