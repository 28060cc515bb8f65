#include "internal.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

/* The most bytes that a chunk beside the pixels may unfold to. */
enum { LARGEST_CHUNK = 8 << 20 };

/* The file in memory, and how the library's errors come back. */
typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t place;
    image_buffer *image;
    png_bytep *rows;
    bool ends_early;
} source;

static void leave(png_structp png, png_const_charp message) {
    source *source = png_get_error_ptr(png);
    image_say(source->image, message);
    png_longjmp(png, 1);
}

static void pass_over(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void take(png_structp png, png_bytep out, size_t count) {
    source *source = png_get_io_ptr(png);
    if (count > source->count - source->place) {
        source->ends_early = true;
        png_error(png, "the file ends early");
    }
    memcpy(out, source->bytes + source->place, count);
    source->place += count;
}

/* How the samples of a row lie after what the library is asked to do. */
typedef enum { COLOURS, INDICES, GRAY, GRAY_ALPHA, GRAY_16 } layout;

static layout choose_layout(png_structp png, png_infop info) {
    int type = png_get_color_type(png, info);
    int depth = png_get_bit_depth(png, info);
    if (type == PNG_COLOR_TYPE_PALETTE) {
        png_set_packing(png);
        return INDICES;
    }
    if (type == PNG_COLOR_TYPE_GRAY && depth == 16) {
        return GRAY_16;
    }
    if (depth == 16) {
        png_set_strip_16(png);
    }
    if (type == PNG_COLOR_TYPE_GRAY_ALPHA) {
        return GRAY_ALPHA;
    }
    if (type == PNG_COLOR_TYPE_GRAY) {
        png_set_expand_gray_1_2_4_to_8(png);
        return GRAY;
    }
    if (type == PNG_COLOR_TYPE_RGB) {
        png_set_filler(png, 255, PNG_FILLER_AFTER);
    }
    return COLOURS;
}

/* Gray of 16 bits, as Pillow's I;16 becomes L and RGB: cut off at 255, not divided. */
static uint8_t narrow(const uint8_t *sample) { return sample[0] != 0 ? 255 : sample[1]; }

static void convert_row(
    const uint8_t *in, uint8_t *out, uint32_t width, int channels, layout layout, const uint8_t *palette) {
    for (uint32_t x = 0; x < width; x++) {
        const uint8_t *colour = palette + 3 * in[0];
        uint8_t gray = layout == GRAY_16 ? narrow(in) : in[0];
        switch (layout) {
        case COLOURS:
            out = image_put(out, channels, in[0], in[1], in[2]);
            in += 4;
            break;
        case INDICES:
            out = image_put(out, channels, colour[0], colour[1], colour[2]);
            in += 1;
            break;
        default:
            out = image_put(out, channels, gray, gray, gray);
            in += layout == GRAY ? 1 : 2;
        }
    }
}

/* Everything between the making and the freeing of the library's state; an error jumps out of it. */
static image_status decode(
    png_structp png, png_infop info, int channels, int32_t longest, source *source) {
    image_buffer *image = source->image;
    if (setjmp(png_jmpbuf(png))) {
        return source->ends_early ? IMAGE_ENDS_EARLY : IMAGE_DAMAGED;
    }
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_malloc_max(png, LARGEST_CHUNK);
    png_set_read_fn(png, source, take);
    png_read_info(png, info);
    uint32_t width = png_get_image_width(png, info);
    uint32_t height = png_get_image_height(png, info);
    image_status status = image_prepare(image, width, height, channels, longest);
    if (status != IMAGE_DECODED) {
        return status;
    }
    uint8_t palette[3 * 256] = {0};
    png_colorp colours = NULL;
    int colour_count = 0;
    png_get_PLTE(png, info, &colours, &colour_count);
    for (int index = 0; index < colour_count && index < 256; index++) {
        palette[3 * index] = colours[index].red;
        palette[3 * index + 1] = colours[index].green;
        palette[3 * index + 2] = colours[index].blue;
    }
    layout layout = choose_layout(png, info);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t row_bytes = png_get_rowbytes(png, info);
    bool goes_straight = layout == COLOURS && channels != 1;
    if (!goes_straight && !image_reserve_scratch(image, row_bytes * height)) {
        return IMAGE_NO_MEMORY;
    }
    uint8_t *target = goes_straight ? image->pixels : image->scratch;
    source->rows = malloc(sizeof(png_bytep) * height);
    if (!source->rows) {
        return IMAGE_NO_MEMORY;
    }
    for (uint32_t y = 0; y < height; y++) {
        source->rows[y] = target + y * row_bytes;
    }
    png_read_image(png, source->rows);
    for (uint32_t y = 0; y < height && !goes_straight; y++) {
        uint8_t *out = image->pixels + (size_t)y * width * (channels == 1 ? 1 : 4);
        convert_row(source->rows[y], out, width, channels, layout, palette);
    }
    return IMAGE_DECODED;
}

image_status image_decode_png(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image) {
    source source = {.bytes = bytes, .count = count, .image = image};
    image->message[0] = 0;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, leave, pass_over);
    if (!png) {
        return IMAGE_NO_MEMORY;
    }
    png_infop info = png_create_info_struct(png);
    image_status status = info ? decode(png, info, channels, longest, &source) : IMAGE_NO_MEMORY;
    png_destroy_read_struct(&png, &info, NULL);
    free(source.rows);
    return status;
}

/* A description of RGB pixels for the library's simplified interface. */
static png_image rgb_image(uint32_t width, uint32_t height) {
    return (png_image){.version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
}

size_t image_png_capacity(uint32_t width, uint32_t height) {
    png_image image = rgb_image(width, height);
    return PNG_IMAGE_PNG_SIZE_MAX(image);
}

size_t image_encode_png(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *file, size_t capacity) {
    png_image image = rgb_image(width, height);
    png_alloc_size_t size = capacity;
    int is_written = png_image_write_to_memory(&image, file, &size, 0, pixels, 0, NULL);
    png_image_free(&image);
    return is_written ? size : 0;
}
