#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

/* The most bytes that the library may allocate at once, and that a strip or a tile may have. */
enum { LARGEST_BLOCK = 1 << 30 };

/* The file in memory, and how the library's errors come back. */
typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t place;
    image_buffer *image;
    bool ends_early;
} source;

static tmsize_t take(thandle_t handle, void *out, tmsize_t count) {
    source *source = handle;
    size_t rest = source->place < source->count ? source->count - source->place : 0;
    size_t taken = (size_t)count <= rest ? (size_t)count : rest;
    source->ends_early = source->ends_early || taken < (size_t)count;
    memcpy(out, source->bytes + source->place, taken);
    source->place += taken;
    return (tmsize_t)taken;
}

static tmsize_t put_nothing(thandle_t handle, void *bytes, tmsize_t count) {
    (void)handle;
    (void)bytes;
    (void)count;
    return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    source *source = handle;
    toff_t start = whence == SEEK_CUR ? source->place : whence == SEEK_END ? source->count : 0;
    source->place = start + offset;
    return source->place;
}

static int close_nothing(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t length(thandle_t handle) { return ((source *)handle)->count; }

/* The first error is the reason; what follows comes of it. */
static int note(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    (void)tiff;
    (void)module;
    source *source = user;
    if (source->image->message[0] == 0) {
        vsnprintf(source->image->message, sizeof source->image->message, format, arguments);
    }
    return 1;
}

static int pass_over(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    (void)tiff;
    (void)user;
    (void)module;
    (void)format;
    (void)arguments;
    return 1;
}

/* What the directory says of the pixels. */
typedef struct {
    uint32_t width;
    uint32_t height;
    uint16_t bits;
    uint16_t samples;
    uint16_t photometric;
    bool is_planar;
    /* Whether colours are multiplied by the alpha after them. */
    bool is_premultiplied;
    const uint16_t *palette[3];
} layout;

static image_status unsupported(image_buffer *image, const char *message) {
    image_say(image, message);
    return IMAGE_UNSUPPORTED;
}

static image_status read_layout(TIFF *tiff, layout *layout, image_buffer *image) {
    uint16_t planar = PLANARCONFIG_CONTIG, format = SAMPLEFORMAT_UINT, compression = COMPRESSION_NONE;
    uint16_t extra_count = 0;
    uint16_t *extras = NULL;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout->width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout->height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout->samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extras);
    if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout->photometric)) {
        return unsupported(image, "the meaning of its samples is not given");
    }
    if (!TIFFIsCODECConfigured(compression) || compression == COMPRESSION_OJPEG) {
        return unsupported(image, "its compression is not read");
    }
    layout->is_planar = planar == PLANARCONFIG_SEPARATE && layout->samples > 1;
    layout->is_premultiplied = extra_count > 0 && extras && extras[0] == EXTRASAMPLE_ASSOCALPHA;
    if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID) {
        return unsupported(image, "samples that are not unsigned whole numbers");
    }
    if (layout->photometric == PHOTOMETRIC_YCBCR && compression == COMPRESSION_JPEG && !layout->is_planar) {
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        layout->photometric = PHOTOMETRIC_RGB;
    }
    uint16_t bits = layout->bits;
    switch (layout->photometric) {
    case PHOTOMETRIC_RGB:
        if (layout->samples < 3 || (bits != 8 && bits != 16) || (layout->is_premultiplied && bits != 8)) {
            return unsupported(image, "colours of other than 8 or 16 bits");
        }
        return IMAGE_DECODED;
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
        if ((layout->samples != 1 && (bits != 8 || layout->is_premultiplied))
            || (bits != 1 && bits != 2 && bits != 4 && bits != 8
                && (bits != 16 || layout->photometric == PHOTOMETRIC_MINISWHITE))) {
            return unsupported(image, "gray of another depth than 1, 2, 4, 8 or 16 bits");
        }
        return IMAGE_DECODED;
    case PHOTOMETRIC_PALETTE: {
        uint16_t *red, *green, *blue;
        if (layout->samples != 1 || bits > 8 || !TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue)) {
            return unsupported(image, "a palette of more than 256 colours, or none");
        }
        layout->palette[0] = red;
        layout->palette[1] = green;
        layout->palette[2] = blue;
        return bits == 1 || bits == 2 || bits == 4 || bits == 8
            ? IMAGE_DECODED
            : unsupported(image, "a palette of other than 1, 2, 4 or 8 bits");
    }
    default:
        return unsupported(image, "colours that are neither gray, RGB nor of a palette");
    }
}

/* One sample of a row. */
static uint32_t sample(const uint8_t *row, size_t index, uint32_t bits) {
    if (bits == 8) {
        return row[index];
    }
    if (bits == 16) {
        uint16_t value;
        memcpy(&value, row + 2 * index, 2);
        return value;
    }
    size_t bit = index * bits;
    return row[bit / 8] >> (8 - bits - bit % 8) & ((1u << bits) - 1);
}

static uint8_t unmultiplied(uint32_t value, uint32_t alpha) {
    uint32_t whole = alpha == 0 ? 0 : value * 255 / alpha;
    return (uint8_t)(whole > 255 ? 255 : whole);
}

static uint8_t *put_pixel(const layout *layout, const uint8_t *row, uint32_t x, int channels, uint8_t *out) {
    uint32_t bits = layout->bits;
    size_t first = (size_t)x * layout->samples;
    uint32_t value = sample(row, first, bits);
    if (layout->photometric == PHOTOMETRIC_PALETTE) {
        return image_put(
            out, channels, (uint8_t)(layout->palette[0][value] >> 8), (uint8_t)(layout->palette[1][value] >> 8),
            (uint8_t)(layout->palette[2][value] >> 8));
    }
    if (layout->photometric != PHOTOMETRIC_RGB) {
        /* 16 bits are cut off at 255, as Pillow's I;16 becomes L and RGB. */
        uint32_t gray = bits == 16 ? (value > 255 ? 255 : value) : value * (255 / ((1u << bits) - 1));
        gray = layout->photometric == PHOTOMETRIC_MINISWHITE ? 255 - gray : gray;
        return image_put(out, channels, (uint8_t)gray, (uint8_t)gray, (uint8_t)gray);
    }
    uint8_t colour[3];
    for (int index = 0; index < 3; index++) {
        uint32_t value = sample(row, first + (size_t)index, bits) >> (bits - 8);
        colour[index] = layout->is_premultiplied && layout->samples > 3 ? unmultiplied(value, row[first + 3])
                                                                       : (uint8_t)value;
    }
    return image_put(out, channels, colour[0], colour[1], colour[2]);
}

/* A strip or a tile: where its pixels go, and how its rows lie. */
typedef struct {
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
    size_t stride;
} block;

static void put_block(
    const layout *layout, block block, const uint8_t *rows, int channels, image_buffer *image) {
    size_t size = channels == 1 ? 1 : 4;
    for (uint32_t y = 0; y < block.height && block.y + y < layout->height; y++) {
        uint8_t *out = image->pixels + ((size_t)(block.y + y) * layout->width + block.x) * size;
        for (uint32_t x = 0; x < block.width && block.x + x < layout->width; x++) {
            out = put_pixel(layout, rows + y * block.stride, x, channels, out);
        }
    }
}

/* Reads one block; of planes, the samples of each pixel are brought together. */
static bool read_block(TIFF *tiff, const layout *layout, block block, bool is_tiled, size_t bytes, uint8_t *out) {
    uint16_t planes = layout->is_planar ? (layout->samples < 4 ? layout->samples : 4) : 1;
    size_t row_bytes = layout->is_planar ? block.stride / planes : block.stride;
    uint32_t rows = layout->height - block.y < block.height ? layout->height - block.y : block.height;
    uint8_t *plane = layout->is_planar ? out + (size_t)planes * bytes : out;
    for (uint16_t index = 0; index < planes; index++) {
        tmsize_t read;
        if (is_tiled) {
            read = TIFFReadTile(tiff, plane, block.x, block.y, 0, index);
            rows = block.height;
        } else {
            read = TIFFReadEncodedStrip(
                tiff, TIFFComputeStrip(tiff, block.y, index), plane, (tmsize_t)(row_bytes * rows));
        }
        if (read < 0 || (size_t)read < row_bytes * rows) {
            return false;
        }
        size_t size = layout->bits / 8;
        for (size_t place = 0; layout->is_planar && place < row_bytes * rows / size; place++) {
            memcpy(out + (place * planes + index) * size, plane + place * size, size);
        }
    }
    return true;
}

static image_status read_pixels(TIFF *tiff, layout *layout, int channels, image_buffer *image) {
    bool is_tiled = TIFFIsTiled(tiff);
    block block = {.width = layout->width};
    size_t bytes;
    if (is_tiled) {
        TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &block.width);
        TIFFGetField(tiff, TIFFTAG_TILELENGTH, &block.height);
        bytes = (size_t)TIFFTileSize(tiff);
        block.stride = (size_t)TIFFTileRowSize(tiff);
    } else {
        TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &block.height);
        block.height = block.height < layout->height ? block.height : layout->height;
        block.stride = (size_t)TIFFScanlineSize(tiff);
        bytes = block.stride * block.height;
    }
    uint16_t planes = layout->is_planar ? (layout->samples < 4 ? layout->samples : 4) : 1;
    size_t needed = ((size_t)block.width * (layout->is_planar ? 1 : layout->samples) * layout->bits + 7) / 8;
    if (block.width == 0 || block.height == 0 || block.stride < needed || bytes == 0 || bytes > LARGEST_BLOCK
        || bytes < block.stride * block.height) {
        image_say(image, "its strips or tiles have no size that fits the image");
        return IMAGE_DAMAGED;
    }
    if (!image_reserve_scratch(image, bytes * (layout->is_planar ? planes + 1u : 1u))) {
        return IMAGE_NO_MEMORY;
    }
    block.stride *= planes;
    for (block.y = 0; block.y < layout->height; block.y += block.height) {
        for (block.x = 0; block.x < layout->width; block.x += block.width) {
            if (!read_block(tiff, layout, block, is_tiled, bytes, image->scratch)) {
                return IMAGE_DAMAGED;
            }
            uint16_t samples = layout->samples;
            layout->samples = layout->is_planar ? planes : samples;
            put_block(layout, block, image->scratch, channels, image);
            layout->samples = samples;
        }
    }
    return IMAGE_DECODED;
}

image_status image_decode_tiff(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image) {
    source source = {.bytes = bytes, .count = count, .image = image};
    image->message[0] = 0;
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) {
        return IMAGE_NO_MEMORY;
    }
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, LARGEST_BLOCK);
    TIFFOpenOptionsSetErrorHandlerExtR(options, note, &source);
    TIFFOpenOptionsSetWarningHandlerExtR(options, pass_over, NULL);
    TIFF *tiff = TIFFClientOpenExt(
        "image", "rm", &source, take, put_nothing, seek, close_nothing, length, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    if (!tiff) {
        return source.ends_early ? IMAGE_ENDS_EARLY : IMAGE_DAMAGED;
    }
    layout layout = {0};
    image_status status = read_layout(tiff, &layout, image);
    if (status == IMAGE_DECODED) {
        status = image_prepare(image, layout.width, layout.height, channels, longest);
    }
    if (status == IMAGE_DECODED) {
        status = read_pixels(tiff, &layout, channels, image);
        status = status == IMAGE_DAMAGED && source.ends_early ? IMAGE_ENDS_EARLY : status;
    }
    TIFFClose(tiff);
    return status;
}
