/*
 * BMP without compression. No library of Debian reads BMP alone, and the pixels stand in the file as they are.
 *
 * Source: Microsoft, BITMAPFILEHEADER and BITMAPINFOHEADER to BITMAPV5HEADER.
 */
#include "internal.h"

#include <string.h>

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40, NO_COMPRESSION = 0, MASKS = 3, ALPHA_MASKS = 6 };

static uint32_t word(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t half(const uint8_t *bytes) { return bytes[0] | (uint32_t)bytes[1] << 8; }

/* What the header says of the pixels. */
typedef struct {
    uint32_t width;
    uint32_t height;
    bool is_top_down;
    uint32_t bits;
    /* The masks of red, green and blue in pixels of 16 and 32 bits. */
    uint32_t masks[3];
    const uint8_t *palette;
    uint32_t colours;
    uint32_t colour_bytes;
    size_t start;
} layout;

/* The value under a mask of at most 8 bits, stretched to 0 ... 255 and cut off to a whole number, as in Pillow. */
static uint8_t masked(uint32_t pixel, uint32_t mask) {
    if (mask == 0) {
        return 0;
    }
    int shift = __builtin_ctz(mask);
    return (uint8_t)(((pixel & mask) >> shift) * 255 / (mask >> shift));
}

static bool is_mask(uint32_t mask) {
    uint32_t low = mask == 0 ? 0 : mask >> __builtin_ctz(mask);
    return low != 0 && low <= 255 && (low & (low + 1)) == 0;
}

static image_status unsupported(image_buffer *image, const char *message) {
    image_say(image, message);
    return IMAGE_UNSUPPORTED;
}

static image_status read_header(const uint8_t *bytes, size_t count, layout *layout, image_buffer *image) {
    if (count < FILE_HEADER + CORE_HEADER) {
        return IMAGE_ENDS_EARLY;
    }
    const uint8_t *header = bytes + FILE_HEADER;
    uint32_t length = word(header);
    layout->start = word(bytes + 10);
    if (length < CORE_HEADER || (length > CORE_HEADER && length < INFO_HEADER) || length > 1024) {
        return unsupported(image, "its header is of another kind than Windows or OS/2 1 write");
    }
    if (count < FILE_HEADER + length) {
        return IMAGE_ENDS_EARLY;
    }
    size_t tables = FILE_HEADER + (size_t)length;
    uint32_t compression = NO_COMPRESSION;
    if (length == CORE_HEADER) {
        layout->width = half(header + 4);
        layout->height = half(header + 6);
        layout->bits = half(header + 10);
        layout->colour_bytes = 3;
    } else {
        int32_t height = (int32_t)word(header + 8);
        layout->width = word(header + 4);
        layout->is_top_down = height < 0;
        layout->height = height < 0 ? 0u - (uint32_t)height : (uint32_t)height;
        layout->bits = half(header + 14);
        layout->colours = word(header + 32);
        layout->colour_bytes = 4;
        compression = word(header + 16);
    }
    if (compression == MASKS || compression == ALPHA_MASKS) {
        /* They stand after a header of 40 bytes, and inside of a longer one: at the same place. */
        if (count < FILE_HEADER + INFO_HEADER + 12) {
            return IMAGE_ENDS_EARLY;
        }
        for (int index = 0; index < 3; index++) {
            layout->masks[index] = word(header + INFO_HEADER + 4 * index);
        }
        if (!is_mask(layout->masks[0]) || !is_mask(layout->masks[1]) || !is_mask(layout->masks[2])) {
            return unsupported(image, "masks of colours that are not 1 to 8 bits side by side");
        }
    } else if (compression != NO_COMPRESSION) {
        return unsupported(image, "pixels that are compressed");
    } else {
        uint32_t usual[2][3] = {{0x7C00, 0x3E0, 0x1F}, {0xFF0000, 0xFF00, 0xFF}};
        memcpy(layout->masks, usual[layout->bits != 16], sizeof layout->masks);
    }
    switch (layout->bits) {
    case 1:
    case 4:
    case 8:
        if (layout->colours == 0 || layout->colours > 1u << layout->bits) {
            layout->colours = 1u << layout->bits;
        }
        if (count < tables + (size_t)layout->colours * layout->colour_bytes) {
            return IMAGE_ENDS_EARLY;
        }
        layout->palette = bytes + tables;
        return IMAGE_DECODED;
    case 16:
    case 24:
    case 32:
        return IMAGE_DECODED;
    default:
        return unsupported(image, "other than 1, 4, 8, 16, 24 or 32 bits a pixel");
    }
}

static uint8_t *put_pixel(const layout *layout, const uint8_t *row, uint32_t x, int channels, uint8_t *out) {
    if (layout->palette) {
        uint32_t bits = layout->bits;
        uint32_t byte = row[(size_t)x * bits / 8];
        uint32_t index = byte >> (8 - bits - x * bits % 8) & ((1u << bits) - 1);
        /* Blue comes first. */
        const uint8_t *colour = layout->palette + (size_t)index * layout->colour_bytes;
        bool is_there = index < layout->colours;
        return image_put(
            out, channels, is_there ? colour[2] : 0, is_there ? colour[1] : 0, is_there ? colour[0] : 0);
    }
    if (layout->bits == 24) {
        const uint8_t *pixel = row + 3 * (size_t)x;
        return image_put(out, channels, pixel[2], pixel[1], pixel[0]);
    }
    uint32_t pixel = layout->bits == 16 ? half(row + 2 * (size_t)x) : word(row + 4 * (size_t)x);
    return image_put(
        out, channels, masked(pixel, layout->masks[0]), masked(pixel, layout->masks[1]),
        masked(pixel, layout->masks[2]));
}

image_status image_decode_bmp(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image) {
    layout layout = {0};
    image->message[0] = 0;
    image_status status = read_header(bytes, count, &layout, image);
    if (status != IMAGE_DECODED) {
        return status;
    }
    status = image_prepare(image, layout.width, layout.height, channels, longest);
    if (status != IMAGE_DECODED) {
        return status;
    }
    size_t row_bytes = ((size_t)layout.width * layout.bits + 7) / 8;
    size_t stride = (row_bytes + 3) / 4 * 4;
    /* The last row need not be filled up. */
    size_t needed = stride * (layout.height - 1) + row_bytes;
    if (layout.start > count || count - layout.start < needed) {
        return IMAGE_ENDS_EARLY;
    }
    uint8_t *out = image->pixels;
    for (uint32_t y = 0; y < layout.height; y++) {
        size_t row = layout.is_top_down ? y : layout.height - 1 - y;
        for (uint32_t x = 0; x < layout.width; x++) {
            out = put_pixel(&layout, bytes + layout.start + row * stride, x, channels, out);
        }
    }
    return IMAGE_DECODED;
}
