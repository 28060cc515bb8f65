#include "internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

/* The most scans that an image may have: a small file can ask for work without end through more of them. */
enum { MOST_SCANS = 200 };

/* How the library's errors come back. */
typedef struct {
    struct jpeg_error_mgr base;
    jmp_buf way_out;
    image_buffer *image;
    bool ends_early;
} failure;

static failure *failure_of(j_common_ptr info) { return (failure *)info->err; }

static void leave(j_common_ptr info) {
    char message[JMSG_LENGTH_MAX];
    info->err->format_message(info, message);
    image_say(failure_of(info)->image, message);
    longjmp(failure_of(info)->way_out, 1);
}

/* Damage that the library mends, such as surplus bytes before a marker, passes as it does in Pillow; an end does not. */
static void note(j_common_ptr info, int level) {
    if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) {
        failure_of(info)->ends_early = true;
    }
}

static void say_nothing(j_common_ptr info) { (void)info; }

static void watch(j_common_ptr info) {
    if (((j_decompress_ptr)info)->input_scan_number > MOST_SCANS) {
        image_say(failure_of(info)->image, "the image has more than 200 scans");
        longjmp(failure_of(info)->way_out, 1);
    }
}

/* Ink to light, as Pillow does it; `inks` are inverted, as Adobe writes them and Pillow takes for granted. */
static void convert_inks(const uint8_t *inks, uint8_t *out, uint32_t width, int channels) {
    for (uint32_t x = 0; x < width; x++, inks += 4) {
        uint8_t light[3];
        uint32_t black = inks[3];
        for (int channel = 0; channel < 3; channel++) {
            uint32_t product = (255u - inks[channel]) * (255u - (255u - black)) + 128;
            int32_t value = (int32_t)black - (int32_t)(((product >> 8) + product) >> 8);
            light[channel] = (uint8_t)(value < 0 ? 0 : value);
        }
        out = image_put(out, channels, light[0], light[1], light[2]);
    }
}

static void convert_colours(const uint8_t *colours, uint8_t *out, uint32_t width) {
    for (uint32_t x = 0; x < width; x++, colours += 4) {
        *out++ = image_gray(colours[0], colours[1], colours[2]);
    }
}

static void convert_gray(const uint8_t *gray, uint8_t *out, uint32_t width) {
    for (uint32_t x = 0; x < width; x++) {
        out = image_put(out, 3, gray[x], gray[x], gray[x]);
    }
}

static image_status read_rows(j_decompress_ptr info, int channels, image_buffer *image) {
    size_t pixel = channels == 1 ? 1 : 4;
    bool goes_straight = info->output_components == (int)pixel && info->out_color_space != JCS_CMYK;
    if (!goes_straight && !image_reserve_scratch(image, (size_t)info->output_width * 4)) {
        return IMAGE_NO_MEMORY;
    }
    while (info->output_scanline < info->output_height) {
        uint8_t *out = image->pixels + (size_t)info->output_scanline * info->output_width * pixel;
        JSAMPROW row = goes_straight ? out : image->scratch;
        if (jpeg_read_scanlines(info, &row, 1) != 1) {
            return IMAGE_DAMAGED;
        }
        if (goes_straight) {
            continue;
        }
        if (info->out_color_space == JCS_CMYK) {
            convert_inks(row, out, info->output_width, channels);
        } else if (channels == 1) {
            convert_colours(row, out, info->output_width);
        } else {
            convert_gray(row, out, info->output_width);
        }
    }
    return IMAGE_DECODED;
}

static image_status read_header(j_decompress_ptr info, int channels, int32_t longest, image_buffer *image) {
    jpeg_read_header(info, TRUE);
    if (info->data_precision != 8) {
        image_say(image, "samples of other than 8 bits");
        return IMAGE_UNSUPPORTED;
    }
    switch (info->num_components) {
    case 1:
        info->out_color_space = JCS_GRAYSCALE;
        break;
    case 3:
        info->out_color_space = JCS_EXT_RGBX;
        break;
    case 4:
        info->out_color_space = JCS_CMYK;
        break;
    default:
        image_say(image, "other than 1, 3 or 4 components");
        return IMAGE_UNSUPPORTED;
    }
    return image_prepare(image, info->image_width, info->image_height, channels, longest);
}

image_status image_decode_jpeg(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image) {
    struct jpeg_decompress_struct info;
    struct jpeg_progress_mgr progress = {0};
    failure failure = {0};
    image->message[0] = 0;
    failure.image = image;
    info.err = jpeg_std_error(&failure.base);
    failure.base.error_exit = leave;
    failure.base.emit_message = note;
    failure.base.output_message = say_nothing;
    if (setjmp(failure.way_out)) {
        jpeg_destroy_decompress(&info);
        return failure.ends_early ? IMAGE_ENDS_EARLY : IMAGE_DAMAGED;
    }
    jpeg_create_decompress(&info);
    progress.progress_monitor = watch;
    info.progress = &progress;
    jpeg_mem_src(&info, bytes, (unsigned long)count);
    image_status status = read_header(&info, channels, longest, image);
    if (status == IMAGE_DECODED) {
        jpeg_start_decompress(&info);
        status = read_rows(&info, channels, image);
    }
    if (status == IMAGE_DECODED) {
        jpeg_finish_decompress(&info);
        status = failure.ends_early ? IMAGE_ENDS_EARLY : IMAGE_DECODED;
    }
    jpeg_destroy_decompress(&info);
    return status;
}
