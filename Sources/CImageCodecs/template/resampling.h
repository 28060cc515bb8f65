/* One level's loops; sums of integers, so every level gives the same bytes. */

INLINE i16v FN(products_4)(const uint8_t *input, const int32_t *weights) {
    u8x16 bytes = *(const u8x16_unaligned *)input;
    i4v four = *(const i4v_unaligned *)weights;
    i16v spread = __builtin_shufflevector(four, four, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    return __builtin_convertvector(bytes, i16v) * spread;
}

static void FN(row_4)(const uint8_t *input, uint8_t *output, const image_weights *weights) {
    const int32_t *row = weights->weights;
    for (int32_t place = 0; place < weights->count; place++, row += weights->taps) {
        const uint8_t *pixels = input + 4 * (ptrdiff_t)weights->starts[place];
        i16v sum = FN(products_4)(pixels, row);
        for (int32_t tap = 4; tap < weights->taps; tap += 4) {
            sum += FN(products_4)(pixels + 4 * tap, row + tap);
        }
        i8v half = sum.lo + sum.hi;
        i4v pixel = half.lo + half.hi + HALF;
        pixel >>= BITS;
        pixel = pixel < 0 ? 0 : pixel;
        pixel = pixel > 255 ? 255 : pixel;
        u8x4 bytes = __builtin_convertvector(pixel, u8x4);
        memcpy(output + 4 * (ptrdiff_t)place, &bytes, 4);
    }
}

static void FN(row_1)(const uint8_t *input, uint8_t *output, const image_weights *weights) {
    const int32_t *row = weights->weights;
    for (int32_t place = 0; place < weights->count; place++, row += weights->taps) {
        const uint8_t *pixels = input + weights->starts[place];
        i4v sum = {0, 0, 0, 0};
        for (int32_t tap = 0; tap < weights->taps; tap += 4) {
            u8x4 bytes;
            memcpy(&bytes, pixels + tap, 4);
            sum += __builtin_convertvector(bytes, i4v) * *(const i4v_unaligned *)(row + tap);
        }
        int32_t value = (sum[0] + sum[1] + sum[2] + sum[3] + HALF) >> BITS;
        output[place] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

static void FN(column)(
    const uint8_t *input, size_t stride, const int32_t *weights, int32_t taps, uint8_t *output, size_t count) {
    for (size_t place = 0; place < count; place += 64) {
        i16v sums[4];
        for (int part = 0; part < 4; part++) {
            sums[part] = (i16v){} + HALF;
        }
        const uint8_t *row = input + place;
        for (int32_t tap = 0; tap < taps; tap++, row += stride) {
            int32_t weight = weights[tap];
            for (int part = 0; part < 4; part++) {
                u8x16 bytes = *(const u8x16_unaligned *)(row + 16 * part);
                sums[part] += __builtin_convertvector(bytes, i16v) * weight;
            }
        }
        for (int part = 0; part < 4; part++) {
            i16v value = sums[part] >> BITS;
            value = value < 0 ? 0 : value;
            value = value > 255 ? 255 : value;
            *(u8x16_unaligned *)(output + place + 16 * part) = __builtin_convertvector(value, u8x16);
        }
    }
}
