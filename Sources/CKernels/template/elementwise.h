/* Sums and passes over elements. */

/* Sums four vectors of columns at a time, so that whole stretches of a row are read. */
static void FN(column_sums)(ck_matrix a, float *sums, bool accumulate) {
    for (ptrdiff_t start = 0; start < a.columns; start += 64) {
        const ptrdiff_t columns = a.columns - start < 64 ? a.columns - start : 64;
        v16 totals[4];
        EACH(c, n, columns) {
            totals[c / 16] = accumulate ? FN(load)(sums + start + c, n) : (v16)(0.0f);
        }
        EACH_ROW(r, a) {
            EACH(c, n, columns) {
                totals[c / 16] += FN(load)(FN(row)(a, r) + start + c, n);
            }
        }
        EACH(c, n, columns) {
            FN(store)(sums + start + c, totals[c / 16], n);
        }
    }
}

static double FN(squared_distance)(ck_matrix x, ck_matrix y) {
    d8 total = (d8)(0.0);
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            const v16 difference = FN(load)(FN(row)(x, r) + c, n) - FN(load)(FN(row)(y, r) + c, n);
            total = FN(widen_add)(total, difference * difference);
        }
    }
    return FN(double_sum)(total);
}

static double FN(squared_norm)(ck_matrix x) {
    d8 total = (d8)(0.0);
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            const v16 value = FN(load)(FN(row)(x, r) + c, n);
            total = FN(widen_add)(total, value * value);
        }
    }
    return FN(double_sum)(total);
}

static void FN(add)(ck_matrix x, ck_matrix y, const float *gamma, ck_matrix out) {
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            const v16 base = FN(load)(FN(row)(x, r) + c, n);
            const v16 term = FN(load)(FN(row)(y, r) + c, n);
            const v16 sum = gamma ? FN(fma)(term, FN(load)(gamma + c, n), base) : base + term;
            FN(store)(FN(row)(out, r) + c, sum, n);
        }
    }
}

static void FN(scale_columns)(ck_matrix x, const float *gamma, ck_matrix out, bool accumulate) {
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            float *to = FN(row)(out, r) + c;
            const v16 value = FN(load)(FN(row)(x, r) + c, n), factor = FN(load)(gamma + c, n);
            FN(store)(to, accumulate ? FN(fma)(value, factor, FN(load)(to, n)) : value * factor, n);
        }
    }
}

static void FN(scale)(ck_matrix x, float factor, ck_matrix out, bool accumulate) {
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            float *to = FN(row)(out, r) + c;
            const v16 value = FN(load)(FN(row)(x, r) + c, n);
            FN(store)(to, accumulate ? FN(fma)(value, (v16)(factor), FN(load)(to, n)) : value * factor, n);
        }
    }
}

static void FN(scaled_difference)(ck_matrix x, ck_matrix y, float factor, ck_matrix out, bool accumulate) {
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            float *to = FN(row)(out, r) + c;
            const v16 value = FN(load)(FN(row)(x, r) + c, n) - FN(load)(FN(row)(y, r) + c, n);
            FN(store)(to, accumulate ? FN(fma)(value, (v16)(factor), FN(load)(to, n)) : value * factor, n);
        }
    }
}

static void FN(add_row_bias)(ck_matrix x, const float *bias, ck_matrix out) {
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            FN(store)(FN(row)(out, r) + c, FN(load)(FN(row)(x, r) + c, n) + FN(load)(bias + c, n), n);
        }
    }
}

static void FN(copy)(ck_matrix x, ck_matrix out) {
    EACH_ROW(r, x) {
        memmove(FN(row)(out, r), FN(row)(x, r), (size_t)x.columns * sizeof(float));
    }
}

static void FN(adam)(
    ck_matrix parameters, ck_matrix gradients, ck_matrix first_moments, ck_matrix second_moments, ck_adam s) {
    EACH_ROW(r, parameters) {
        float *p = FN(row)(parameters, r), *m = FN(row)(first_moments, r), *v = FN(row)(second_moments, r);
        const float *g = FN(row)(gradients, r);
        EACH(c, n, parameters.columns) {
            const v16 gradient = FN(load)(g + c, n);
            const v16 first =
                FN(fma)(FN(load)(m + c, n), (v16)(s.beta1), gradient * (1.0f - s.beta1));
            const v16 second =
                FN(fma)(FN(load)(v + c, n), (v16)(s.beta2), gradient * gradient * (1.0f - s.beta2));
            const v16 deviation = __builtin_elementwise_sqrt(second * s.correction2) + s.epsilon;
            const v16 step = s.learning_rate * (first * s.correction1) / deviation;
            FN(store)(m + c, first, n);
            FN(store)(v + c, second, n);
            FN(store)(p + c, FN(load)(p + c, n) - step, n);
        }
    }
}

/*
 * The share of a normal distribution below x, and its density. The upper tail is
 * exp(-x^2/2) times a polynomial of 1 / (1 + 0.47 |x|), fitted here; absolute error of x times the share
 * below 5e-7.
 */
INLINE v16 FN(normal)(v16 x, v16 *density) {
    const v16 magnitude = (v16)((i16)x & (i16)(0x7FFFFFFF));
    const v16 decay = FN(exp)(x * x * -0.5f);
    const v16 t = 1.0f / FN(fma)(magnitude, (v16)(0.47f), (v16)(1.0f));
    v16 p = (v16)(-0.0473566736f);
    p = FN(fma)(p, t, (v16)(0.249684342f));
    p = FN(fma)(p, t, (v16)(-0.494506217f));
    p = FN(fma)(p, t, (v16)(0.358926625f));
    p = FN(fma)(p, t, (v16)(0.0376098428f));
    p = FN(fma)(p, t, (v16)(0.210679698f));
    p = FN(fma)(p, t, (v16)(0.184835469f));
    p = FN(fma)(p, t, (v16)(0.000126891512f));
    const v16 tail = p * decay;
    *density = decay * 0.398942280f;
    return x < 0.0f ? tail : 1.0f - tail;
}

static void FN(gelu)(ck_matrix x, ck_matrix out) {
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            v16 density;
            const v16 value = FN(load)(FN(row)(x, r) + c, n);
            FN(store)(FN(row)(out, r) + c, value * FN(normal)(value, &density), n);
        }
    }
}

static void FN(gelu_backward)(ck_matrix d_out, ck_matrix x, ck_matrix d_x, bool accumulate) {
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            v16 density;
            float *to = FN(row)(d_x, r) + c;
            const v16 value = FN(load)(FN(row)(x, r) + c, n);
            const v16 share = FN(normal)(value, &density);
            const v16 slope = FN(fma)(value, density, share);
            const v16 gradient = FN(load)(FN(row)(d_out, r) + c, n);
            FN(store)(to, accumulate ? FN(fma)(gradient, slope, FN(load)(to, n)) : gradient * slope, n);
        }
    }
}

/* The logistic function of a x + b x^3, and that polynomial's slope; beyond 40 nothing changes any more. */
INLINE v16 FN(logistic)(v16 x, float a, float b, v16 *slope) {
    const v16 high = x > 40.0f ? (v16)(40.0f) : x;
    const v16 value = high < -40.0f ? (v16)(-40.0f) : high;
    const v16 square = value * value;
    *slope = FN(fma)(square, (v16)(3.0f * b), (v16)(a));
    return 1.0f / (1.0f + FN(exp)(-value * FN(fma)(square, (v16)(b), (v16)(a))));
}

static void FN(sigmoid_unit)(ck_matrix x, float a, float b, ck_matrix out) {
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            v16 slope;
            const v16 value = FN(load)(FN(row)(x, r) + c, n);
            FN(store)(FN(row)(out, r) + c, value * FN(logistic)(value, a, b, &slope), n);
        }
    }
}

static void FN(sigmoid_unit_backward)(
    ck_matrix d_out, ck_matrix x, float a, float b, ck_matrix d_x, bool accumulate) {
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            v16 inner;
            float *to = FN(row)(d_x, r) + c;
            const v16 value = FN(load)(FN(row)(x, r) + c, n);
            const v16 share = FN(logistic)(value, a, b, &inner);
            const v16 slope = FN(fma)(value * inner, share * (1.0f - share), share);
            const v16 gradient = FN(load)(FN(row)(d_out, r) + c, n);
            FN(store)(to, accumulate ? FN(fma)(gradient, slope, FN(load)(to, n)) : gradient * slope, n);
        }
    }
}

static void FN(multiply_elements)(ck_matrix x, ck_matrix y, ck_matrix out) {
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            FN(store)(FN(row)(out, r) + c, FN(load)(FN(row)(x, r) + c, n) * FN(load)(FN(row)(y, r) + c, n), n);
        }
    }
}

/* Of columns c and p that make up a pair, each becomes x[c] cosine[c] + x[p] sine[c]; in reverse, - x[p] sine[c]. */
static void FN(rotate_pairs)(
    ck_matrix x, ck_matrix cosines, ck_matrix sines, ptrdiff_t heads, bool halves, bool reverse) {
    const ptrdiff_t width = cosines.columns, half = width / 2;
    const float sign = reverse ? -1.0f : 1.0f;
    EACH_ROW(r, x) {
        const float *cosine = FN(row)(cosines, r), *sine = FN(row)(sines, r);
        for (ptrdiff_t head = 0; head < heads; head++) {
            float *at = FN(row)(x, r) + head * width;
            if (halves) {
                EACH(c, n, half) {
                    const v16 first = FN(load)(at + c, n), second = FN(load)(at + half + c, n);
                    const v16 up = second * (sign * FN(load)(sine + c, n));
                    const v16 down = first * (sign * FN(load)(sine + half + c, n));
                    FN(store)(at + c, FN(fma)(first, FN(load)(cosine + c, n), up), n);
                    FN(store)(at + half + c, FN(fma)(second, FN(load)(cosine + half + c, n), down), n);
                }
            } else {
                EACH(c, n, width) {
                    const v16 value = FN(load)(at + c, n);
                    const v16 other = __builtin_shufflevector(
                        value, value, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
                    const v16 share = other * (sign * FN(load)(sine + c, n));
                    FN(store)(at + c, FN(fma)(value, FN(load)(cosine + c, n), share), n);
                }
            }
        }
    }
}

/* Scales each head of each row in place to the length lengths[head]; keeps the reciprocals of what it had, 1e-12 at least. */
static void FN(normalize_heads)(ck_matrix x, const float *lengths, ptrdiff_t heads, ck_matrix reciprocals) {
    const ptrdiff_t width = x.columns / heads;
    EACH_ROW(r, x) {
        for (ptrdiff_t head = 0; head < heads; head++) {
            float *at = FN(row)(x, r) + head * width;
            v16 squares = (v16)(0.0f);
            EACH(c, n, width) {
                const v16 value = FN(load)(at + c, n);
                squares = FN(fma)(value, value, squares);
            }
            const float length = __builtin_sqrtf(FN(sum)(squares));
            const float reciprocal = 1.0f / (length < 1e-12f ? 1e-12f : length);
            FN(row)(reciprocals, r)[head] = reciprocal;
            const float factor = lengths[head] * reciprocal;
            EACH(c, n, width) {
                FN(store)(at + c, FN(load)(at + c, n) * factor, n);
            }
        }
    }
}

/* Turns d_out into the gradient of the input, in place; out is the result of the forward pass. */
static void FN(normalize_heads_backward)(
    ck_matrix d_out, ck_matrix out, const float *lengths, ptrdiff_t heads, ck_matrix reciprocals) {
    const ptrdiff_t width = out.columns / heads;
    EACH_ROW(r, out) {
        for (ptrdiff_t head = 0; head < heads; head++) {
            const float *value = FN(row)(out, r) + head * width;
            float *gradient = FN(row)(d_out, r) + head * width;
            v16 products = (v16)(0.0f);
            EACH(c, n, width) {
                products = FN(fma)(FN(load)(value + c, n), FN(load)(gradient + c, n), products);
            }
            const float reciprocal = FN(row)(reciprocals, r)[head];
            const float factor = lengths[head] * reciprocal;
            const float share = -FN(sum)(products) * reciprocal / lengths[head];
            EACH(c, n, width) {
                const v16 scaled = FN(load)(gradient + c, n) * factor;
                FN(store)(gradient + c, FN(fma)(FN(load)(value + c, n), (v16)(share), scaled), n);
            }
        }
    }
}

/* NaN stays NaN: no comparison with it is true. */
static void FN(relu)(ck_matrix x, float limit, ck_matrix out) {
    const v16 highest = (v16)(0.0f) + limit;
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            const v16 value = FN(load)(FN(row)(x, r) + c, n);
            const v16 positive = value < 0.0f ? (v16)(0.0f) : value;
            FN(store)(FN(row)(out, r) + c, positive > highest ? highest : positive, n);
        }
    }
}

static void FN(relu_backward)(ck_matrix d_out, ck_matrix x, float limit, ck_matrix d_x, bool accumulate) {
    EACH_ROW(r, x) {
        EACH(c, n, x.columns) {
            float *to = FN(row)(d_x, r) + c;
            const v16 value = FN(load)(FN(row)(x, r) + c, n);
            const v16 gradient = FN(load)(FN(row)(d_out, r) + c, n);
            const v16 passed = value > 0.0f ? (value < limit ? gradient : (v16)(0.0f)) : (v16)(0.0f);
            FN(store)(to, accumulate ? FN(load)(to, n) + passed : passed, n);
        }
    }
}
