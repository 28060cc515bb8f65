/* Passes that normalize rows: layer norm, softmax, divergence of distributions. */

static void FN(layer_norm)(
    ck_matrix x, const float *gamma, const float *beta, float epsilon, ck_matrix out, float *mean,
    float *reciprocal_deviation) {
    const float share = x.columns > 0 ? 1.0f / (float)x.columns : 0;
    EACH_ROW(r, x) {
        const float *from = FN(row)(x, r);
        v16 sum = (v16)(0.0f), squares = (v16)(0.0f);
        EACH(c, n, x.columns) {
            sum += FN(load)(from + c, n);
        }
        const float center = FN(sum)(sum) * share;
        EACH(c, n, x.columns) {
            const v16 deviation = FN(keep)(FN(load)(from + c, n) - center, n, 0);
            squares = FN(fma)(deviation, deviation, squares);
        }
        const float factor = 1.0f / sqrtf(FN(sum)(squares) * share + epsilon);
        mean[r] = center;
        reciprocal_deviation[r] = factor;
        EACH(c, n, x.columns) {
            const v16 normal = (FN(load)(from + c, n) - center) * factor;
            FN(store)(FN(row)(out, r) + c, FN(fma)(normal, FN(load)(gamma + c, n), FN(load)(beta + c, n)), n);
        }
    }
}

static void FN(layer_norm_backward)(
    ck_matrix d_out, ck_matrix x, const float *gamma, const float *mean, const float *reciprocal_deviation,
    ck_matrix d_x, bool accumulate) {
    const float share = x.columns > 0 ? 1.0f / (float)x.columns : 0;
    EACH_ROW(r, x) {
        const float *from = FN(row)(x, r), *gradient = FN(row)(d_out, r);
        const float center = mean[r], factor = reciprocal_deviation[r];
        v16 sum = (v16)(0.0f), projection = (v16)(0.0f);
        EACH(c, n, x.columns) {
            const v16 g = FN(load)(gradient + c, n) * FN(load)(gamma + c, n);
            sum += g;
            projection = FN(fma)(g, (FN(load)(from + c, n) - center) * factor, projection);
        }
        const float g_mean = FN(sum)(sum) * share, g_projection = FN(sum)(projection) * share;
        EACH(c, n, x.columns) {
            float *to = FN(row)(d_x, r) + c;
            const v16 g = FN(load)(gradient + c, n) * FN(load)(gamma + c, n);
            const v16 normal = (FN(load)(from + c, n) - center) * factor;
            const v16 result = (FN(fma)(normal, (v16)(-g_projection), g) - g_mean) * factor;
            FN(store)(to, accumulate ? FN(load)(to, n) + result : result, n);
        }
    }
}

/* The largest scaled element of a row. */
INLINE float FN(row_maximum)(const float *from, ptrdiff_t columns, float scale) {
    v16 largest = (v16)(-INFINITY);
    EACH(c, n, columns) {
        largest = FN(max)(FN(keep)(FN(load)(from + c, n) * scale, n, -INFINITY), largest);
    }
    return FN(largest)(largest);
}

/* Writes exp(scale * x - shift) and returns the sum. */
INLINE float FN(row_exponentials)(
    const float *from, ptrdiff_t columns, float scale, float shift, float *to) {
    v16 sum = (v16)(0.0f);
    EACH(c, n, columns) {
        const v16 value = FN(keep)(FN(exp)(FN(load)(from + c, n) * scale - shift), n, 0);
        sum += value;
        FN(store)(to + c, value, n);
    }
    return FN(sum)(sum);
}

static void FN(softmax_rows)(ck_matrix x, ck_matrix out, float scale) {
    EACH_ROW(r, x) {
        const float *from = FN(row)(x, r);
        float *to = FN(row)(out, r);
        const float maximum = FN(row_maximum)(from, x.columns, scale);
        const float factor = 1.0f / FN(row_exponentials)(from, x.columns, scale, maximum, to);
        EACH(c, n, x.columns) {
            FN(store)(to + c, FN(load)(to + c, n) * factor, n);
        }
    }
}

static void FN(softmax_rows_backward)(ck_matrix d_out, ck_matrix out, ck_matrix d_x, float scale) {
    EACH_ROW(r, out) {
        const float *y = FN(row)(out, r), *gradient = FN(row)(d_out, r);
        float *to = FN(row)(d_x, r);
        v16 sum = (v16)(0.0f);
        EACH(c, n, out.columns) {
            sum = FN(fma)(FN(load)(y + c, n), FN(load)(gradient + c, n), sum);
        }
        const float dot = FN(sum)(sum);
        EACH(c, n, out.columns) {
            FN(store)(to + c, FN(load)(y + c, n) * (FN(load)(gradient + c, n) - dot) * scale, n);
        }
    }
}

/* The sum over a row of exp(scale * x - shift), nothing kept. */
INLINE float FN(exponential_sum)(const float *from, ptrdiff_t columns, float scale, float shift) {
    v16 sum = (v16)(0.0f);
    EACH(c, n, columns) {
        sum += FN(keep)(FN(exp)(FN(load)(from + c, n) * scale - shift), n, 0);
    }
    return FN(sum)(sum);
}

static double FN(kullback_leibler)(
    ck_matrix target, ck_matrix student, float scale, const ck_matrix *gradient, float gradient_factor) {
    double total = 0;
    EACH_ROW(r, target) {
        const float *p = FN(row)(target, r), *q = FN(row)(student, r);
        const float p_max = FN(row_maximum)(p, target.columns, scale);
        const float q_max = FN(row_maximum)(q, target.columns, scale);
        const float p_sum = FN(exponential_sum)(p, target.columns, scale, p_max);
        const float q_sum = FN(exponential_sum)(q, target.columns, scale, q_max);
        const float p_factor = 1.0f / p_sum, q_factor = 1.0f / q_sum;
        d8 sum = (d8)(0.0);
        EACH(c, n, target.columns) {
            const v16 a = FN(load)(p + c, n) * scale - p_max, b = FN(load)(q + c, n) * scale - q_max;
            const v16 share = FN(exp)(a) * p_factor;
            sum = FN(widen_add)(sum, FN(keep)(share * (a - b), n, 0));
            if (gradient) {
                const v16 difference = FN(exp)(b) * q_factor - share;
                FN(store)(FN(row)(*gradient, r) + c, difference * (scale * gradient_factor), n);
            }
        }
        if (target.columns > 0) {
            const v16 difference = FN(log)((v16)(q_sum)) - FN(log)((v16)(p_sum));
            total += FN(double_sum)(sum) + (double)difference[0];
        }
    }
    return total;
}
