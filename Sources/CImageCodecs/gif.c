#include "internal.h"

#include <string.h>

#include <gif_lib.h>

/* The file in memory. */
typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t place;
    bool ends_early;
} source;

static int take(GifFileType *gif, GifByteType *out, int count) {
    source *source = gif->UserData;
    size_t rest = source->count - source->place;
    size_t taken = (size_t)count <= rest ? (size_t)count : rest;
    source->ends_early = source->ends_early || taken < (size_t)count;
    memcpy(out, source->bytes + source->place, taken);
    source->place += taken;
    return (int)taken;
}

static image_status failure(source *source, int error, image_buffer *image) {
    const char *reason = GifErrorString(error);
    image_say(image, reason ? reason : "it breaks the format's rules");
    return source->ends_early ? IMAGE_ENDS_EARLY : IMAGE_DAMAGED;
}

/* The colours of the frame's palette, black beyond its end; gray where there is none. */
static void fill_palette(const GifFileType *gif, uint8_t palette[3 * 256]) {
    const ColorMapObject *map = gif->Image.ColorMap ? gif->Image.ColorMap : gif->SColorMap;
    for (int index = 0; index < 256; index++) {
        GifColorType colour = {0, 0, 0};
        if (!map) {
            colour = (GifColorType){(GifByteType)index, (GifByteType)index, (GifByteType)index};
        } else if (index < map->ColorCount) {
            colour = map->Colors[index];
        }
        palette[3 * index] = colour.Red;
        palette[3 * index + 1] = colour.Green;
        palette[3 * index + 2] = colour.Blue;
    }
}

/* The next row of an interlaced frame; `pass` starts at 0. */
static int next_row(int row, int height, int *pass) {
    static const int starts[] = {0, 4, 2, 1};
    static const int steps[] = {8, 8, 4, 2};
    row += steps[*pass];
    while (row >= height && *pass < 3) {
        *pass += 1;
        row = starts[*pass];
    }
    return row;
}

static image_status decode_frame(
    GifFileType *gif, source *source, int background, int channels, int32_t longest, image_buffer *image) {
    if (DGifGetImageDesc(gif) == GIF_ERROR) {
        return failure(source, gif->Error, image);
    }
    int left = gif->Image.Left, top = gif->Image.Top, width = gif->Image.Width, height = gif->Image.Height;
    int canvas_width = gif->SWidth > left + width ? gif->SWidth : left + width;
    int canvas_height = gif->SHeight > top + height ? gif->SHeight : top + height;
    if (width <= 0 || height <= 0 || left < 0 || top < 0) {
        image_say(image, "the first frame has no pixels");
        return IMAGE_DAMAGED;
    }
    image_status status =
        image_prepare(image, (uint32_t)canvas_width, (uint32_t)canvas_height, channels, longest);
    if (status != IMAGE_DECODED) {
        return status;
    }
    if (!image_reserve_scratch(image, (size_t)width)) {
        return IMAGE_NO_MEMORY;
    }
    uint8_t palette[3 * 256];
    fill_palette(gif, palette);
    size_t size = channels == 1 ? 1 : 4;
    uint8_t *out = image->pixels;
    for (size_t place = 0; place < (size_t)canvas_width * (size_t)canvas_height; place++) {
        const uint8_t *colour = palette + 3 * background;
        out = image_put(out, channels, colour[0], colour[1], colour[2]);
    }
    int pass = 0;
    int row = 0;
    for (int line = 0; line < height; line++) {
        if (DGifGetLine(gif, image->scratch, width) == GIF_ERROR) {
            return failure(source, gif->Error, image);
        }
        out = image->pixels + ((size_t)(top + row) * (size_t)canvas_width + (size_t)left) * size;
        for (int x = 0; x < width; x++) {
            const uint8_t *colour = palette + 3 * image->scratch[x];
            out = image_put(out, channels, colour[0], colour[1], colour[2]);
        }
        row = gif->Image.Interlace ? next_row(row, height, &pass) : row + 1;
    }
    return IMAGE_DECODED;
}

static image_status decode(
    GifFileType *gif, source *source, int channels, int32_t longest, image_buffer *image) {
    /* What the canvas shows beside the frame, as in Pillow: the transparent colour, else the first. */
    int background = 0;
    while (true) {
        GifRecordType type = UNDEFINED_RECORD_TYPE;
        if (DGifGetRecordType(gif, &type) == GIF_ERROR) {
            return failure(source, gif->Error, image);
        }
        if (type == IMAGE_DESC_RECORD_TYPE) {
            return decode_frame(gif, source, background, channels, longest, image);
        }
        if (type == TERMINATE_RECORD_TYPE) {
            image_say(image, "it holds no frame");
            return IMAGE_DAMAGED;
        }
        if (type != EXTENSION_RECORD_TYPE) {
            continue;
        }
        int code = 0;
        GifByteType *block = NULL;
        if (DGifGetExtension(gif, &code, &block) == GIF_ERROR) {
            return failure(source, gif->Error, image);
        }
        GraphicsControlBlock control;
        if (code == GRAPHICS_EXT_FUNC_CODE && block
            && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK
            && control.TransparentColor != NO_TRANSPARENT_COLOR) {
            background = control.TransparentColor;
        }
        while (block) {
            if (DGifGetExtensionNext(gif, &block) == GIF_ERROR) {
                return failure(source, gif->Error, image);
            }
        }
    }
}

image_status image_decode_gif(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image) {
    source source = {.bytes = bytes, .count = count};
    image->message[0] = 0;
    int error = 0;
    GifFileType *gif = DGifOpen(&source, take, &error);
    if (!gif) {
        return failure(&source, error, image);
    }
    image_status status = decode(gif, &source, channels, longest, image);
    DGifCloseFile(gif, &error);
    return status;
}
