/* What the decoders share. */
#ifndef CIMAGECODECS_INTERNAL_H
#define CIMAGECODECS_INTERNAL_H

#include "CImageCodecs.h"

#include <stdbool.h>

/*
 * Sets the extents of an image and makes room for its pixels.
 *
 * Gives IMAGE_TOO_LARGE without an allocation where a side is longer than `longest`, IMAGE_DAMAGED for an image
 * without pixels.
 */
image_status image_prepare(image_buffer *image, uint32_t width, uint32_t height, int channels, int32_t longest);
/* Makes room for a decoder's own bytes; false where the system gives none. */
bool image_reserve_scratch(image_buffer *image, size_t count);
/* Sets the message. */
void image_say(image_buffer *image, const char *message);

/* Pillow's gray of a colour. */
static inline uint8_t image_gray(uint32_t red, uint32_t green, uint32_t blue) {
    return (uint8_t)((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16);
}

/* Writes one pixel and gives the place of the next. */
static inline uint8_t *image_put(uint8_t *out, int channels, uint8_t red, uint8_t green, uint8_t blue) {
    if (channels == 1) {
        *out = image_gray(red, green, blue);
        return out + 1;
    }
    out[0] = red;
    out[1] = green;
    out[2] = blue;
    out[3] = 255;
    return out + 4;
}

#endif
