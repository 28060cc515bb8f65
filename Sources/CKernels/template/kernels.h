/* Everything for one level: LEVEL, HAS_FMA, HAS_ROUND, ROWS and PANELS are set by levels.c. */
#include "vectors.h"

#include "tiles.h"

#include "packing.h"

#include "products.h"

#include "elementwise.h"

#include "normalization.h"

#include "quantizers.h"

#include "rounding.h"

#include "supervision.h"

/*
 * Measures multiply-adds: CHAINS independent chains of [16] lanes, enough to keep every multiply-add unit busy.
 * Reads and writes sink [1], so that nothing is optimised away. Returns the number of floating-point operations.
 */
static double FN(probe)(ptrdiff_t rounds, float *sink) {
    v16 chains[CHAINS];
    for (int chain = 0; chain < CHAINS; chain++) {
        chains[chain] = (v16)(1.0f + (float)chain);
    }
    const v16 factor = (v16)(0.999999f + 0 * sink[0]), term = (v16)(1e-6f + 0 * sink[0]);
    for (ptrdiff_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int chain = 0; chain < CHAINS; chain++) {
            chains[chain] = FN(fma)(chains[chain], factor, term);
        }
    }
    v16 sum = chains[0];
    for (int chain = 1; chain < CHAINS; chain++) {
        sum += chains[chain];
    }
    *sink = FN(sum)(sum);
    return (double)rounds * CHAINS * 16 * 2;
}

/* The functions of this level. */
static const ck_kernels FN(kernels) = {
    .multiply = FN(multiply),
    .multiply_packed = FN(multiply_packed),
    .multiply_batch = FN(multiply_batch),
    .pack = FN(pack),
    .column_sums = FN(column_sums),
    .squared_distance = FN(squared_distance),
    .squared_norm = FN(squared_norm),
    .add = FN(add),
    .scale_columns = FN(scale_columns),
    .scale = FN(scale),
    .scaled_difference = FN(scaled_difference),
    .add_row_bias = FN(add_row_bias),
    .copy = FN(copy),
    .adam = FN(adam),
    .gelu = FN(gelu),
    .gelu_backward = FN(gelu_backward),
    .sigmoid_unit = FN(sigmoid_unit),
    .sigmoid_unit_backward = FN(sigmoid_unit_backward),
    .multiply_elements = FN(multiply_elements),
    .rotate_pairs = FN(rotate_pairs),
    .normalize_heads = FN(normalize_heads),
    .normalize_heads_backward = FN(normalize_heads_backward),
    .relu = FN(relu),
    .relu_backward = FN(relu_backward),
    .layer_norm = FN(layer_norm),
    .layer_norm_backward = FN(layer_norm_backward),
    .softmax_rows = FN(softmax_rows),
    .softmax_rows_backward = FN(softmax_rows_backward),
    .kullback_leibler = FN(kullback_leibler),
    .fake_quantize = FN(fake_quantize),
    .fake_quantize_backward = FN(fake_quantize_backward),
    .quantize = FN(quantize),
    .dequantize = FN(dequantize),
    .fake_quantize_log_sqrt2 = FN(fake_quantize_log_sqrt2),
    .fake_quantize_log_sqrt2_backward = FN(fake_quantize_log_sqrt2_backward),
    .quantize_log_sqrt2 = FN(quantize_log_sqrt2),
    .dequantize_log_sqrt2 = FN(dequantize_log_sqrt2),
    .fake_quantize_searched_log = FN(fake_quantize_searched_log),
    .fake_quantize_searched_log_backward = FN(fake_quantize_searched_log_backward),
    .quantize_searched_log = FN(quantize_searched_log),
    .dequantize_searched_log = FN(dequantize_searched_log),
    .ada_round_initialise = FN(ada_round_initialise),
    .ada_round = FN(ada_round),
    .ada_round_backward = FN(ada_round_backward),
    .ada_round_penalty = FN(ada_round_penalty),
    .choose = FN(choose),
    .divide = FN(divide),
    .weighted_distance = FN(weighted_distance),
    .weighted_absolute = FN(weighted_absolute),
    .probe = FN(probe),
};
