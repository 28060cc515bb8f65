/* Compiles the template once for each instruction set, and chooses between the results. */
#include "CKernels.h"

#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Functions that take vectors are inlined always, so how the ABI would pass vectors is of no account. */
#pragma clang diagnostic ignored "-Wpsabi"

/* Sixteen lanes at every level; the compiler spreads them over as many registers as it takes. */
typedef float v16 __attribute__((ext_vector_type(16), aligned(64)));
typedef float v8 __attribute__((ext_vector_type(8)));
typedef float v4 __attribute__((ext_vector_type(4)));
typedef float v2 __attribute__((ext_vector_type(2)));
typedef double d8 __attribute__((ext_vector_type(8)));
typedef double d4 __attribute__((ext_vector_type(4)));
typedef double d2 __attribute__((ext_vector_type(2)));
typedef int32_t i16 __attribute__((ext_vector_type(16), aligned(64)));
typedef uint32_t u16 __attribute__((ext_vector_type(16), aligned(64)));
typedef float v16_unaligned __attribute__((ext_vector_type(16), aligned(4)));
typedef float v8_unaligned __attribute__((ext_vector_type(8), aligned(4)));
typedef float v4_unaligned __attribute__((ext_vector_type(4), aligned(4)));

#define CONCATENATE_(a, b) a##_##b
#define CONCATENATE(a, b) CONCATENATE_(a, b)
#define FN(name) CONCATENATE(name, LEVEL)
#define INLINE static inline __attribute__((always_inline, unused))

/* How much of the operands of a product is packed at once; whole tiles at every level. */
enum { BLOCK_ROWS = 168, BLOCK_COLUMNS = 512 };

/*
 * ROWS: rows of a register tile. PANELS: panels of 16 columns in it. CHAINS: as many sums of 16 lanes as fit
 * in registers beside two factors.
 */

#define LEVEL baseline
#define ROWS 2
#define PANELS 1
#define CHAINS 3
#define HAS_FMA 0
#if defined(__x86_64__)
#define HAS_ROUND 0
#else
#define HAS_ROUND 1
#endif
#include "template/kernels.h"
#undef HAS_FMA
#undef HAS_ROUND
#undef LEVEL
#undef ROWS
#undef PANELS
#undef CHAINS

#define HAS_FMA 1
#define HAS_ROUND 1

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma,prfchw"))), apply_to = function)
#define LEVEL avx2
#define HAS_AVX2 1
#define ROWS 6
#define PANELS 1
#define CHAINS 6
#include "template/kernels.h"
#undef LEVEL
#undef HAS_AVX2
#undef ROWS
#undef PANELS
#undef CHAINS
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,prfchw,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#define LEVEL avx512
#define HAS_AVX512 1
#define ROWS 14
#define PANELS 2
#define CHAINS 12
#include "template/kernels.h"
#undef LEVEL
#undef HAS_AVX512
#undef ROWS
#undef PANELS
#undef CHAINS
#pragma clang attribute pop

#elif defined(__aarch64__)

#define LEVEL neon
#define ROWS 6
#define PANELS 1
#define CHAINS 6
#include "template/kernels.h"
#undef LEVEL
#undef ROWS
#undef PANELS
#undef CHAINS

#endif

bool ck_level_is_available(ck_level level) {
    switch (level) {
    case CK_BASELINE:
        return true;
#if defined(__x86_64__)
    case CK_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case CK_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
            && ck_level_is_available(CK_AVX2);
#elif defined(__aarch64__)
    case CK_NEON:
        return true;
#endif
    default:
        return false;
    }
}

/* The level in use; -1 until somebody asks. Every thread that asks first finds the same answer. */
static _Atomic int current_level = -1;

ck_level ck_current_level(void) {
    int level = atomic_load_explicit(&current_level, memory_order_relaxed);
    if (level < 0) {
        level = ck_level_is_available(CK_AVX512) ? CK_AVX512
            : ck_level_is_available(CK_AVX2)     ? CK_AVX2
            : ck_level_is_available(CK_NEON)     ? CK_NEON
                                                 : CK_BASELINE;
        atomic_store_explicit(&current_level, level, memory_order_relaxed);
    }
    return (ck_level)level;
}

void ck_set_level(ck_level level) {
    if (ck_level_is_available(level)) {
        atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
    }
}

const ck_kernels *ck_current_kernels(void) {
    switch (ck_current_level()) {
#if defined(__x86_64__)
    case CK_AVX2:
        return &kernels_avx2;
    case CK_AVX512:
        return &kernels_avx512;
#elif defined(__aarch64__)
    case CK_NEON:
        return &kernels_neon;
#endif
    default:
        return &kernels_baseline;
    }
}

size_t ck_packed_count(ptrdiff_t inner, ptrdiff_t columns) {
    size_t panels = ((size_t)columns + CK_PANEL_COLUMNS - 1) / CK_PANEL_COLUMNS;
    return (size_t)inner * panels * CK_PANEL_COLUMNS;
}

size_t ck_scratch_count(void) {
    return (size_t)CK_INNER_BLOCK * (BLOCK_ROWS + BLOCK_COLUMNS) + 32;
}
