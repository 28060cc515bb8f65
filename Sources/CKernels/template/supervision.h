/* What losses and random drops of reconstruction need. */

/*
 * Which elements a choice takes: a hash of the element's number and the seed, compared with a threshold. Every
 * bit of the number reaches every bit of the hash (the mixing steps of MurmurHash3).
 */
INLINE i16 FN(chosen)(ck_choice choice, uint32_t index) {
    u16 hash = __builtin_convertvector((i16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, u16);
    hash = (hash + index) * 0x9E3779B1u ^ choice.seed;
    hash = (hash ^ (hash >> 16)) * 0x85EBCA6Bu;
    hash = (hash ^ (hash >> 13)) * 0xC2B2AE35u;
    hash = (hash ^ (hash >> 16)) >> 8;
    return (i16)(hash < choice.threshold);
}

/* `y` where chosen, else `x`. */
static void FN(choose)(ck_matrix x, ck_matrix y, ck_choice choice, ck_matrix out) {
    EACH_ROW(r, x) {
        const uint32_t first = choice.first + (uint32_t)(r * x.columns);
        EACH(c, n, x.columns) {
            const i16 taken = FN(chosen)(choice, first + (uint32_t)c);
            const v16 value = taken ? FN(load)(FN(row)(y, r) + c, n) : FN(load)(FN(row)(x, r) + c, n);
            FN(store)(FN(row)(out, r) + c, value, n);
        }
    }
}

/* Moves elements that are not chosen from `x` to `rest`; each is zero where the other has a value. */
static void FN(divide)(ck_matrix x, ck_choice choice, ck_matrix rest) {
    EACH_ROW(r, x) {
        const uint32_t first = choice.first + (uint32_t)(r * x.columns);
        EACH(c, n, x.columns) {
            const i16 taken = FN(chosen)(choice, first + (uint32_t)c);
            const v16 value = FN(load)(FN(row)(x, r) + c, n);
            FN(store)(FN(row)(rest, r) + c, taken ? (v16)(0.0f) : value, n);
            FN(store)(FN(row)(x, r) + c, taken ? value : (v16)(0.0f), n);
        }
    }
}

/* Sum of w (x - y)^2; adds factor w (x - y) to `out` if there is one. */
static double FN(weighted_distance)(
    ck_matrix x, ck_matrix y, ck_matrix weights, float factor, const ck_matrix *out) {
    d8 total = (d8)(0.0);
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            const v16 difference = FN(load)(FN(row)(x, r) + c, n) - FN(load)(FN(row)(y, r) + c, n);
            const v16 weighted = difference * FN(load)(FN(row)(weights, r % weights.rows) + c, n);
            total = FN(widen_add)(total, difference * weighted);
            if (out) {
                float *to = FN(row)(*out, r) + c;
                FN(store)(to, FN(fma)(weighted, (v16)(factor), FN(load)(to, n)), n);
            }
        }
    }
    return FN(double_sum)(total);
}

/* Sum of w |x - y|; adds factor w sign(x - y) to `out` if there is one. */
static double FN(weighted_absolute)(
    ck_matrix x, ck_matrix y, ck_matrix weights, float factor, const ck_matrix *out) {
    d8 total = (d8)(0.0);
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            const v16 difference = FN(load)(FN(row)(x, r) + c, n) - FN(load)(FN(row)(y, r) + c, n);
            const v16 weight = FN(load)(FN(row)(weights, r % weights.rows) + c, n);
            const v16 zero = (v16)(0.0f);
            const v16 slope = difference > zero ? weight : (difference < zero ? -weight : zero);
            total = FN(widen_add)(total, difference * slope);
            if (out) {
                float *to = FN(row)(*out, r) + c;
                FN(store)(to, FN(fma)(slope, (v16)(factor), FN(load)(to, n)), n);
            }
        }
    }
    return FN(double_sum)(total);
}
