/* AdaRound: w = s (clip(floor(w / s) + h(alpha) + z, 0, Q) - z), h a stretched and clipped sigmoid. */

#define ZETA 1.1f
#define GAMMA (-0.1f)

/* h(alpha), and its slope: 0 where h is clipped. */
INLINE v16 FN(soft_rounding)(v16 alpha, v16 *slope) {
    const v16 s = FN(sigmoid)(alpha);
    const v16 stretched = FN(fma)(s, (v16)(ZETA - GAMMA), (v16)(GAMMA));
    const v16 h = FN(clip)(stretched, 1.0f);
    *slope = ((stretched > 0.0f) & (stretched < 1.0f)) ? (ZETA - GAMMA) * s * (1.0f - s) : (v16)(0.0f);
    return h;
}

static void FN(ada_round_initialise)(ck_matrix w, ck_affine q, ck_matrix alpha) {
    EACH_ROW(r, w) {
        EACH_RUN(run, q.groups, r, w.columns) {
            EACH_IN(c, n, run) {
                const v16 ratio = FN(load)(FN(row)(w, r) + c, n) / FN(parameter)(q.scales, run, c, n);
                const v16 share = ratio - FN(floor)(ratio);
                const v16 odds = (ZETA - GAMMA) / (share - GAMMA) - 1.0f;
                FN(store)(FN(row)(alpha, r) + c, -FN(log)(odds), n);
            }
        }
    }
}

static void FN(ada_round)(ck_matrix w, ck_matrix alpha, ck_affine q, bool hard, ck_matrix out) {
    EACH_ROW(r, w) {
        EACH_RUN(run, q.groups, r, w.columns) {
            EACH_IN(c, n, run) {
                v16 slope;
                const v16 s = FN(parameter)(q.scales, run, c, n), z = FN(parameter)(q.zero_points, run, c, n);
                const v16 level = FN(floor)(FN(load)(FN(row)(w, r) + c, n) / s);
                const v16 a = FN(load)(FN(row)(alpha, r) + c, n);
                const v16 h = hard ? (a >= 0.0f ? (v16)(1.0f) : (v16)(0.0f)) : FN(soft_rounding)(a, &slope);
                const v16 code = FN(clip)(level + h + z, q.maximum_code);
                FN(store)(FN(row)(out, r) + c, s * (code - z), n);
            }
        }
    }
}

/* u^exponent for 0 <= u <= 1 and exponent > 0. */
INLINE v16 FN(power)(v16 u, float exponent) {
    const v16 base = FN(max)(u, (v16)(1.17549435e-38f));
    const v16 result = FN(exp)(FN(log)(base) * exponent);
    return u > 0.0f ? result : (v16)(0.0f);
}

static void FN(ada_round_backward)(
    ck_matrix d_w, ck_matrix w, ck_matrix alpha, ck_affine q, float regularizer, float beta,
    ck_matrix d_alpha) {
    EACH_ROW(r, w) {
        EACH_RUN(run, q.groups, r, w.columns) {
            EACH_IN(c, n, run) {
                v16 slope;
                const v16 s = FN(parameter)(q.scales, run, c, n), z = FN(parameter)(q.zero_points, run, c, n);
                const v16 level = FN(floor)(FN(load)(FN(row)(w, r) + c, n) / s);
                const v16 h = FN(soft_rounding)(FN(load)(FN(row)(alpha, r) + c, n), &slope);
                const v16 code = level + h + z;
                const i16 clipped = (code < 0.0f) | (code > q.maximum_code);
                v16 gradient = clipped ? (v16)(0.0f) : FN(load)(FN(row)(d_w, r) + c, n) * s;
                if (regularizer != 0) {
                    const v16 side = h * 2.0f - 1.0f;
                    const v16 distance = (v16)((i16)side & (i16)(0x7FFFFFFF));
                    const v16 pull = FN(power)(distance, beta - 1.0f) * (2.0f * beta * regularizer);
                    gradient += side > 0.0f ? -pull : pull;
                }
                FN(store)(FN(row)(d_alpha, r) + c, gradient * slope, n);
            }
        }
    }
}

static double FN(ada_round_penalty)(ck_matrix alpha, float beta) {
    d8 total = (d8)(0.0);
    EACH_ROW(r, alpha) {
        EACH(c, n, alpha.columns) {
            v16 slope;
            const v16 side = FN(soft_rounding)(FN(load)(FN(row)(alpha, r) + c, n), &slope) * 2.0f - 1.0f;
            const v16 distance = (v16)((i16)side & (i16)(0x7FFFFFFF));
            total = FN(widen_add)(total, FN(keep)(1.0f - FN(power)(distance, beta), n, 0));
        }
    }
    return FN(double_sum)(total);
}

#undef ZETA
#undef GAMMA
