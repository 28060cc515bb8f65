#include "CImageCodecs.h"

#include <zlib.h>

/* The most bytes that zlib takes or gives in one go, which counts in 32 bits. */
static const size_t MOST_AT_ONCE = 1u << 30;

inflate_status image_inflate(const uint8_t *input, size_t input_count, uint8_t *output, size_t output_count) {
    z_stream stream = {0};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
        return INFLATE_NO_MEMORY;
    }
    size_t taken = 0;
    size_t given = 0;
    uint8_t beyond = 0;
    int result = Z_OK;
    while (result == Z_OK) {
        size_t in = input_count - taken < MOST_AT_ONCE ? input_count - taken : MOST_AT_ONCE;
        size_t out = output_count - given < MOST_AT_ONCE ? output_count - given : MOST_AT_ONCE;
        /* Where all room is used, one byte beside it shows whether more would come. */
        int is_full = out == 0;
        stream.next_in = (Bytef *)(uintptr_t)(input + taken);
        stream.avail_in = (uInt)in;
        stream.next_out = is_full ? &beyond : output + given;
        stream.avail_out = is_full ? 1 : (uInt)out;
        result = inflate(&stream, Z_NO_FLUSH);
        taken += in - stream.avail_in;
        if (is_full && stream.avail_out == 0) {
            inflateEnd(&stream);
            return INFLATE_WRONG_SIZE;
        }
        given += is_full ? 0 : out - stream.avail_out;
        if (result == Z_OK && in == 0 && stream.avail_out != 0) {
            break;
        }
    }
    inflateEnd(&stream);
    if (result == Z_MEM_ERROR) {
        return INFLATE_NO_MEMORY;
    }
    if (result != Z_STREAM_END) {
        return INFLATE_DAMAGED;
    }
    return given == output_count ? INFLATED : INFLATE_WRONG_SIZE;
}

uint32_t image_crc32(const uint8_t *bytes, size_t count) {
    uLong crc = crc32(0, Z_NULL, 0);
    while (count > 0) {
        size_t part = count < MOST_AT_ONCE ? count : MOST_AT_ONCE;
        crc = crc32(crc, bytes, (uInt)part);
        bytes += part;
        count -= part;
    }
    return (uint32_t)crc;
}
