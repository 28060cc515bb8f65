/*
 * Quantizers. Matrices are [rows, columns] and of one shape in each pass; parameters and their gradients are [groups.count].
 * A pass walks the rows (EACH_ROW), the runs of a row (EACH_RUN) and at most 16 columns of a run at a time (EACH_IN).
 *
 * A row of 40 columns, and the values of c and n that a body sees:
 *   by column, width 20, count 2    runs 0 ..< 20 and 20 ..< 40, parameters 0 and 1: (0, 16), (16, 4), (20, 16), (36, 4)
 *   by column, width 1, count 40    one run, 0 ..< 40, a parameter for each column: (0, 16), (16, 16), (32, 8)
 *   by row, width 2, count 3        one run, 0 ..< 40, parameter r / 2 % 3: (0, 16), (16, 16), (32, 8)
 */

/* Columns start ..< end of a row: they share a parameter, or column c has parameter c (each_column). */
typedef struct {
    ptrdiff_t start, end, parameter;
    bool each_column;
} FN(run);

/* The run that begins at column `start` of row `r`. */
INLINE FN(run) FN(find_run)(ck_groups groups, ptrdiff_t r, ptrdiff_t start, ptrdiff_t columns) {
    if (!groups.by_column) {
        return (FN(run)){0, columns, (r / groups.width) % groups.count, false};
    }
    if (groups.width == 1) {
        return (FN(run)){0, columns, 0, true};
    }
    return (FN(run)){start, start + groups.width, start / groups.width, false};
}

/* Runs a body for each run of row `r`. */
#define EACH_RUN(run, groups, r, columns)                                                           \
    for (FN(run) run = FN(find_run)(groups, r, 0, columns); run.start < (columns);                  \
         run = run.end < (columns) ? FN(find_run)(groups, r, run.end, columns)                      \
                                   : (FN(run)){(columns), (columns), 0, false})

/* Runs a body for each 16 columns of a run: `c` is the first column and `n` how many there are, 1 to 16. */
#define EACH_IN(c, n, run)                                                                          \
    for (ptrdiff_t c = run.start, n;                                                                \
         c < run.end && (n = run.end - c < 16 ? run.end - c : 16, true); c += 16)

/* The parameters of columns c ..< c + n, one a lane: [count] to 16 lanes. */
INLINE v16 FN(parameter)(const float *parameters, FN(run) run, ptrdiff_t c, ptrdiff_t n) {
    return run.each_column ? FN(load)(parameters + c, n) : (v16)(parameters[run.parameter]);
}

/* Limits to 0 ... maximum. */
INLINE v16 FN(clip)(v16 code, float maximum) {
    return FN(min)(FN(max)(code, (v16)(0.0f)), (v16)(maximum));
}

/* x [rows, columns] to out [rows, columns]: s (clip(round(x / s) + z, 0, maximum_code) - z); s and z [count]. */
static void FN(fake_quantize)(ck_matrix x, ck_affine q, ck_matrix out) {
    EACH_ROW(r, x) {
        EACH_RUN(run, q.groups, r, x.columns) {
            EACH_IN(c, n, run) {
                const v16 s = FN(parameter)(q.scales, run, c, n), z = FN(parameter)(q.zero_points, run, c, n);
                const v16 code = FN(clip)(FN(round)(FN(load)(FN(row)(x, r) + c, n) / s) + z, q.maximum_code);
                FN(store)(FN(row)(out, r) + c, s * (code - z), n);
            }
        }
    }
}

/* x [rows, columns] to codes [rows, columns]: clip(round(x / s) + z, 0, maximum_code), as floats. */
static void FN(quantize)(ck_matrix x, ck_affine q, ck_matrix codes) {
    EACH_ROW(r, x) {
        EACH_RUN(run, q.groups, r, x.columns) {
            EACH_IN(c, n, run) {
                const v16 s = FN(parameter)(q.scales, run, c, n), z = FN(parameter)(q.zero_points, run, c, n);
                const v16 code = FN(clip)(FN(round)(FN(load)(FN(row)(x, r) + c, n) / s) + z, q.maximum_code);
                FN(store)(FN(row)(codes, r) + c, code, n);
            }
        }
    }
}

/* codes [rows, columns] to out [rows, columns]: s (code - z). */
static void FN(dequantize)(ck_matrix codes, ck_affine q, ck_matrix out) {
    EACH_ROW(r, codes) {
        EACH_RUN(run, q.groups, r, codes.columns) {
            EACH_IN(c, n, run) {
                const v16 s = FN(parameter)(q.scales, run, c, n), z = FN(parameter)(q.zero_points, run, c, n);
                FN(store)(FN(row)(out, r) + c, s * (FN(load)(FN(row)(codes, r) + c, n) - z), n);
            }
        }
    }
}

/*
 * d_out and x [rows, columns] to d_x [rows, columns], straight through: the gradient where the code is not clipped, else 0.
 * Adds to scale_gradients [count] the sum over a group of gradient * d out / d s: round(x / s) - x / s inside, -z below,
 * maximum_code - z above. Runs that share a scale are summed in 16 lanes first; NULL leaves the gradients out.
 */
static void FN(fake_quantize_backward)(
    ck_matrix d_out, ck_matrix x, ck_affine q, ck_matrix d_x, bool accumulate, float *scale_gradients) {
    EACH_ROW(r, x) {
        EACH_RUN(run, q.groups, r, x.columns) {
            v16 sum = (v16)(0.0f);
            EACH_IN(c, n, run) {
                float *to = FN(row)(d_x, r) + c;
                const v16 s = FN(parameter)(q.scales, run, c, n), z = FN(parameter)(q.zero_points, run, c, n);
                const v16 gradient = FN(load)(FN(row)(d_out, r) + c, n);
                const v16 ratio = FN(load)(FN(row)(x, r) + c, n) / s;
                const v16 level = FN(round)(ratio), code = level + z;
                const i16 low = code < 0.0f, high = code > q.maximum_code;
                const v16 passed = (low | high) ? (v16)(0.0f) : gradient;
                FN(store)(to, accumulate ? FN(load)(to, n) + passed : passed, n);
                if (scale_gradients) {
                    const v16 inside = level - ratio;
                    const v16 slope = low ? -z : (high ? q.maximum_code - z : inside);
                    const v16 term = FN(keep)(gradient * slope, n, 0);
                    if (run.each_column) {
                        FN(store)(scale_gradients + c, FN(load)(scale_gradients + c, n) + term, n);
                    } else {
                        sum += term;
                    }
                }
            }
            if (scale_gradients && !run.each_column) {
                scale_gradients[run.parameter] += FN(sum)(sum);
            }
        }
    }
}

/*
 * The code of v = x / delta, limited to 1: round(-2 log2 v), from the exponents alone. With v = m 2^e and
 * 1 <= m < 2, floor(2 log2 v + 1/2) = 2 e + floor(log2(m^2 sqrt 2)). A value that is not positive, or
 * subnormal, gets the code of zero, `maximum`.
 */
INLINE v16 FN(logarithmic_code)(v16 x, v16 delta, float maximum) {
    const v16 v = FN(min)(x / delta, (v16)(1.0f));
    const i16 bits = (i16)v;
    const v16 m = (v16)((bits & (i16)(0x007FFFFF)) | (i16)(0x3F800000));
    const i16 exponent = ((bits >> 23) - 127) * 2 + (((i16)(m * m * 1.41421356f) >> 23) - 127);
    const v16 code = __builtin_convertvector(-exponent, v16);
    return v >= 1.17549435e-38f ? FN(min)(code, (v16)(maximum)) : (v16)(maximum);
}

/* delta 2^(-code/2), or 0 for the top code. */
INLINE v16 FN(logarithmic_value)(v16 code, v16 delta, float maximum) {
    const i16 q = __builtin_convertvector(code, i16);
    const v16 power = (v16)(((i16)(127) - (q >> 1)) << 23);
    const v16 half = (q & 1) != 0 ? (v16)(0.707106781f) : (v16)(1.0f);
    return code >= maximum ? (v16)(0.0f) : delta * (power * half);
}

/* x [rows, columns] to out [rows, columns]; delta [count]. */
static void FN(fake_quantize_log_sqrt2)(ck_matrix x, ck_logarithmic q, ck_matrix out) {
    EACH_ROW(r, x) {
        EACH_RUN(run, q.groups, r, x.columns) {
            EACH_IN(c, n, run) {
                const v16 delta = FN(parameter)(q.deltas, run, c, n);
                const v16 code = FN(logarithmic_code)(FN(load)(FN(row)(x, r) + c, n), delta, q.maximum_code);
                FN(store)(FN(row)(out, r) + c, FN(logarithmic_value)(code, delta, q.maximum_code), n);
            }
        }
    }
}

/* x [rows, columns] to codes [rows, columns], as floats. */
static void FN(quantize_log_sqrt2)(ck_matrix x, ck_logarithmic q, ck_matrix codes) {
    EACH_ROW(r, x) {
        EACH_RUN(run, q.groups, r, x.columns) {
            EACH_IN(c, n, run) {
                const v16 delta = FN(parameter)(q.deltas, run, c, n);
                const v16 code = FN(logarithmic_code)(FN(load)(FN(row)(x, r) + c, n), delta, q.maximum_code);
                FN(store)(FN(row)(codes, r) + c, code, n);
            }
        }
    }
}

/* codes [rows, columns] to out [rows, columns]. */
static void FN(dequantize_log_sqrt2)(ck_matrix codes, ck_logarithmic q, ck_matrix out) {
    EACH_ROW(r, codes) {
        EACH_RUN(run, q.groups, r, codes.columns) {
            EACH_IN(c, n, run) {
                const v16 delta = FN(parameter)(q.deltas, run, c, n);
                const v16 code = FN(load)(FN(row)(codes, r) + c, n);
                FN(store)(FN(row)(out, r) + c, FN(logarithmic_value)(code, delta, q.maximum_code), n);
            }
        }
    }
}

/*
 * The gradient of the value `from`, given the gradient d of its level, for any base. The logarithm of the level passes
 * the rounding straight through, so d level / d from = level / from; 0 where `from` is not in (0, delta] or the level is 0.
 */
INLINE v16 FN(logarithmic_gradient)(v16 d, v16 from, v16 level, v16 delta) {
    const i16 open = (from > 0.0f) & (from <= delta) & (level > 0.0f);
    return d * (open ? level / (open ? from : (v16)(1.0f)) : (v16)(0.0f));
}

/* d_out, x and out [rows, columns] to d_x [rows, columns]; deltas have no gradient. */
static void FN(fake_quantize_log_sqrt2_backward)(
    ck_matrix d_out, ck_matrix x, ck_matrix out, ck_logarithmic q, ck_matrix d_x, bool accumulate) {
    EACH_ROW(r, x) {
        EACH_RUN(run, q.groups, r, x.columns) {
            EACH_IN(c, n, run) {
                float *to = FN(row)(d_x, r) + c;
                const v16 delta = FN(parameter)(q.deltas, run, c, n);
                const v16 from = FN(load)(FN(row)(x, r) + c, n), level = FN(load)(FN(row)(out, r) + c, n);
                const v16 d = FN(load)(FN(row)(d_out, r) + c, n);
                const v16 result = FN(logarithmic_gradient)(d, from, level, delta);
                FN(store)(to, accumulate ? FN(load)(to, n) + result : result, n);
            }
        }
    }
}

/* The natural logarithm of the base 2^(1/37). */
#define LOG_BASE_STEP 0.0187337076f

/*
 * The code of v = (x + shift) / delta, limited to 1: round(-log v / (step LOG_BASE_STEP)). A value that is not
 * positive, or subnormal, gets the code of zero, `maximum`; so do values whose code would be larger.
 */
INLINE v16 FN(searched_log_code)(v16 x, v16 delta, v16 step, float shift, float maximum) {
    const v16 v = FN(min)((x + shift) / delta, (v16)(1.0f));
    const i16 normal = v >= 1.17549435e-38f;
    const v16 code = FN(round)(FN(log)(normal ? v : (v16)(1.0f)) / (step * -LOG_BASE_STEP));
    return normal ? FN(min)(FN(max)(code, (v16)(0.0f)), (v16)(maximum)) : (v16)(maximum);
}

/* delta 2^(-code step / 37) - shift, or -shift for the top code. */
INLINE v16 FN(searched_log_value)(v16 code, v16 delta, v16 step, float shift, float maximum) {
    const v16 power = FN(exp)(code * (step * -LOG_BASE_STEP));
    return (code >= maximum ? (v16)(0.0f) : delta * power) - shift;
}

/* x [rows, columns] to out [rows, columns]; delta and step [count]. */
static void FN(fake_quantize_searched_log)(ck_matrix x, ck_searched_log q, ck_matrix out) {
    EACH_ROW(r, x) {
        EACH_RUN(run, q.groups, r, x.columns) {
            EACH_IN(c, n, run) {
                const v16 delta = FN(parameter)(q.deltas, run, c, n), step = FN(parameter)(q.steps, run, c, n);
                const v16 from = FN(load)(FN(row)(x, r) + c, n);
                const v16 code = FN(searched_log_code)(from, delta, step, q.shift, q.maximum_code);
                const v16 value = FN(searched_log_value)(code, delta, step, q.shift, q.maximum_code);
                FN(store)(FN(row)(out, r) + c, value, n);
            }
        }
    }
}

/* x [rows, columns] to codes [rows, columns], as floats. */
static void FN(quantize_searched_log)(ck_matrix x, ck_searched_log q, ck_matrix codes) {
    EACH_ROW(r, x) {
        EACH_RUN(run, q.groups, r, x.columns) {
            EACH_IN(c, n, run) {
                const v16 delta = FN(parameter)(q.deltas, run, c, n), step = FN(parameter)(q.steps, run, c, n);
                const v16 from = FN(load)(FN(row)(x, r) + c, n);
                const v16 code = FN(searched_log_code)(from, delta, step, q.shift, q.maximum_code);
                FN(store)(FN(row)(codes, r) + c, code, n);
            }
        }
    }
}

/* codes [rows, columns] to out [rows, columns]. */
static void FN(dequantize_searched_log)(ck_matrix codes, ck_searched_log q, ck_matrix out) {
    EACH_ROW(r, codes) {
        EACH_RUN(run, q.groups, r, codes.columns) {
            EACH_IN(c, n, run) {
                const v16 delta = FN(parameter)(q.deltas, run, c, n), step = FN(parameter)(q.steps, run, c, n);
                const v16 code = FN(load)(FN(row)(codes, r) + c, n);
                const v16 value = FN(searched_log_value)(code, delta, step, q.shift, q.maximum_code);
                FN(store)(FN(row)(out, r) + c, value, n);
            }
        }
    }
}

/* d_out, x and out [rows, columns] to d_x [rows, columns], with the shift added to x and out; no other gradient. */
static void FN(fake_quantize_searched_log_backward)(
    ck_matrix d_out, ck_matrix x, ck_matrix out, ck_searched_log q, ck_matrix d_x, bool accumulate) {
    EACH_ROW(r, x) {
        EACH_RUN(run, q.groups, r, x.columns) {
            EACH_IN(c, n, run) {
                float *to = FN(row)(d_x, r) + c;
                const v16 delta = FN(parameter)(q.deltas, run, c, n);
                const v16 from = FN(load)(FN(row)(x, r) + c, n) + q.shift;
                const v16 level = FN(load)(FN(row)(out, r) + c, n) + q.shift;
                const v16 d = FN(load)(FN(row)(d_out, r) + c, n);
                const v16 result = FN(logarithmic_gradient)(d, from, level, delta);
                FN(store)(to, accumulate ? FN(load)(to, n) + result : result, n);
            }
        }
    }
}
