/* Compiles the loops once for each instruction set, and takes the best that the processor has. */
#include "CImageCodecs.h"

#include <string.h>

/* Functions that take vectors are inlined always, so how the ABI would pass vectors is of no account. */
#pragma clang diagnostic ignored "-Wpsabi"

typedef int32_t i16v __attribute__((ext_vector_type(16)));
typedef int32_t i8v __attribute__((ext_vector_type(8)));
typedef int32_t i4v __attribute__((ext_vector_type(4)));
typedef int32_t i4v_unaligned __attribute__((ext_vector_type(4), aligned(4)));
typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));
typedef uint8_t u8x16_unaligned __attribute__((ext_vector_type(16), aligned(1)));
typedef uint8_t u8x4 __attribute__((ext_vector_type(4)));

/* Fractional bits of the weights, and half of the last of them. */
#define BITS 22
#define HALF (1 << (BITS - 1))

#define CONCATENATE_(a, b) a##_##b
#define CONCATENATE(a, b) CONCATENATE_(a, b)
#define FN(name) CONCATENATE(name, LEVEL)
#define INLINE static inline __attribute__((always_inline, unused))

#define LEVEL baseline
#include "template/resampling.h"
#undef LEVEL

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define LEVEL avx2
#include "template/resampling.h"
#undef LEVEL
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,avx512f,avx512bw,avx512vl"))), apply_to = function)
#define LEVEL avx512
#include "template/resampling.h"
#undef LEVEL
#pragma clang attribute pop

#define HAS_AVX512                                                                                              \
    (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
#define CALL(name, ...)                                                                                         \
    (HAS_AVX512                        ? name##_avx512(__VA_ARGS__)                                             \
     : __builtin_cpu_supports("avx2") ? name##_avx2(__VA_ARGS__)                                                \
                                       : name##_baseline(__VA_ARGS__))

#else
#define CALL(name, ...) name##_baseline(__VA_ARGS__)
#endif

void image_resample_row_4(const uint8_t *input, uint8_t *output, const image_weights *weights) {
    CALL(row_4, input, output, weights);
}

void image_resample_row_1(const uint8_t *input, uint8_t *output, const image_weights *weights) {
    CALL(row_1, input, output, weights);
}

void image_resample_column(
    const uint8_t *input, size_t stride, const int32_t *weights, int32_t taps, uint8_t *output, size_t count) {
    CALL(column, input, stride, weights, taps, output, count);
}
