/* Loads, stores, rounding, sums and elementary functions on sixteen lanes. */

INLINE v16 FN(fma)(v16 a, v16 b, v16 c) {
#if HAS_FMA
    return __builtin_elementwise_fma(a, b, c);
#else
    return a * b + c;
#endif
}

INLINE v16 FN(full_load)(const float *from) {
    return *(const v16_unaligned *)from;
}

INLINE void FN(full_store)(float *to, v16 value) {
    *(v16_unaligned *)to = value;
}

/* All bits set in the first `count` lanes. */
INLINE i16 FN(first_lanes)(ptrdiff_t count) {
    const i16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lanes < (i16)((int32_t)count);
}

/* The first `count` lanes from memory, zeros in the others. */
INLINE v16 FN(load)(const float *from, ptrdiff_t count) {
    if (count >= 16) {
        return FN(full_load)(from);
    }
#ifdef HAS_AVX512
    return (v16)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
#elif defined(HAS_AVX2)
    const i16 mask = FN(first_lanes)(count);
    v16 value;
    value.lo = (v8)_mm256_maskload_ps(from, (__m256i)mask.lo);
    value.hi = (v8)_mm256_maskload_ps(from + 8, (__m256i)mask.hi);
    return value;
#else
    v16 value = (v16)(0.0f);
    for (ptrdiff_t lane = 0; lane < count; lane++) {
        value[lane] = from[lane];
    }
    return value;
#endif
}

/* The first `count` lanes to memory. */
INLINE void FN(store)(float *to, v16 value, ptrdiff_t count) {
    if (count >= 16) {
        FN(full_store)(to, value);
        return;
    }
#ifdef HAS_AVX512
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), (__m512)value);
#elif defined(HAS_AVX2)
    const i16 mask = FN(first_lanes)(count);
    _mm256_maskstore_ps(to, (__m256i)mask.lo, (__m256)value.lo);
    _mm256_maskstore_ps(to + 8, (__m256i)mask.hi, (__m256)value.hi);
#else
    for (ptrdiff_t lane = 0; lane < count; lane++) {
        to[lane] = value[lane];
    }
#endif
}

/* Runs a body for each 16 columns: `c` is the first column and `n` how many there are, 1 to 16. */
#define EACH(c, n, columns)                                                                         \
    for (ptrdiff_t c = 0, n; c < (columns) && (n = (columns) - c < 16 ? (columns) - c : 16, true); c += 16)

#define EACH_ROW(r, m) for (ptrdiff_t r = 0; r < (m).rows; r++)

INLINE float *FN(row)(ck_matrix m, ptrdiff_t r) {
    return m.data + r * m.stride;
}

/* All lanes from `count` on become `filler`. */
INLINE v16 FN(keep)(v16 value, ptrdiff_t count, float filler) {
    return count >= 16 ? value : (FN(first_lanes)(count) ? value : (v16)(filler));
}

INLINE v16 FN(max)(v16 a, v16 b) {
    return a > b ? a : b;
}

INLINE v16 FN(min)(v16 a, v16 b) {
    return a < b ? a : b;
}

INLINE float FN(sum)(v16 value) {
    v8 eight = value.lo + value.hi;
    v4 four = eight.lo + eight.hi;
    v2 two = four.lo + four.hi;
    return two.x + two.y;
}

INLINE float FN(largest)(v16 value) {
    v8 eight = value.lo > value.hi ? value.lo : value.hi;
    v4 four = eight.lo > eight.hi ? eight.lo : eight.hi;
    v2 two = four.lo > four.hi ? four.lo : four.hi;
    return two.x > two.y ? two.x : two.y;
}

INLINE double FN(double_sum)(d8 value) {
    d4 four = value.lo + value.hi;
    d2 two = four.lo + four.hi;
    return two.x + two.y;
}

/* Adds sixteen floats to eight double lanes. */
INLINE d8 FN(widen_add)(d8 sum, v16 value) {
    return sum + __builtin_convertvector(value.lo, d8) + __builtin_convertvector(value.hi, d8);
}

/* To the nearest integer, ties to even. */
INLINE v16 FN(round)(v16 x) {
#if HAS_ROUND
    return __builtin_elementwise_roundeven(x);
#else
    /* At 2^23 the spacing of floats is 1, so adding it rounds; larger numbers are integers already. */
    const v16 magic = (v16)(8388608.0f);
    const i16 sign = (i16)x & (i16)((int32_t)0x80000000);
    const v16 magnitude = (v16)((i16)x ^ sign);
    const v16 rounded = (v16)((i16)((magnitude + magic) - magic) | sign);
    return magnitude < magic ? rounded : x;
#endif
}

INLINE v16 FN(floor)(v16 x) {
#if HAS_ROUND
    return __builtin_elementwise_floor(x);
#else
    const v16 nearest = FN(round)(x);
    return nearest > x ? nearest - 1.0f : nearest;
#endif
}

/*
 * e^x, relative error below 2e-7; 0 below -87. x = n ln 2 + r, then a polynomial of r, fitted here by
 * least maximal error on |r| <= ln 2 / 2, times 2^n.
 */
INLINE v16 FN(exp)(v16 x) {
    const v16 limited = FN(min)(FN(max)(x, (v16)(-87.0f)), (v16)(88.0f));
    const v16 n = FN(round)(limited * 1.44269504f);
    v16 r = FN(fma)(n, (v16)(-0.693359375f), limited);
    r = FN(fma)(n, (v16)(2.12194440e-4f), r);
    v16 p = (v16)(0.00139506016f);
    p = FN(fma)(p, r, (v16)(0.00836895358f));
    p = FN(fma)(p, r, (v16)(0.0416662041f));
    p = FN(fma)(p, r, (v16)(0.166665183f));
    p = FN(fma)(p, r, (v16)(0.5f));
    const v16 y = FN(fma)(p, r * r, r) + 1.0f;
    const v16 result = (v16)((i16)y + (__builtin_convertvector(n, i16) << 23));
    return x < -87.0f ? (v16)(0.0f) : result;
}

/*
 * ln x for normal x > 0, absolute error below 2e-7 near 1 and relative elsewhere. x = 2^n (1 + f) with
 * 1 + f in [sqrt(1/2), sqrt(2)); ln(1 + f) = f - f^2/2 + f^3 p(f), p fitted here.
 */
INLINE v16 FN(log)(v16 x) {
    const i16 bits = (i16)x - (i16)(0x3F3504F3);
    const v16 n = __builtin_convertvector(bits >> 23, v16);
    const v16 f = (v16)((bits & (i16)(0x007FFFFF)) + (i16)(0x3F3504F3)) - 1.0f;
    v16 p = (v16)(-0.0785959207f);
    p = FN(fma)(p, f, (v16)(0.128816401f));
    p = FN(fma)(p, f, (v16)(-0.131287586f));
    p = FN(fma)(p, f, (v16)(0.141811932f));
    p = FN(fma)(p, f, (v16)(-0.166245538f));
    p = FN(fma)(p, f, (v16)(0.200022862f));
    p = FN(fma)(p, f, (v16)(-0.250008104f));
    p = FN(fma)(p, f, (v16)(0.333333167f));
    const v16 square = f * f;
    v16 y = FN(fma)(p, square * f, n * -2.12194440e-4f);
    y = FN(fma)(square, (v16)(-0.5f), y);
    return FN(fma)(n, (v16)(0.693359375f), f + y);
}

INLINE v16 FN(sigmoid)(v16 x) {
    return 1.0f / (1.0f + FN(exp)(-x));
}
