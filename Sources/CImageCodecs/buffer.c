#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes `*block` at least `count` bytes long; its content is lost. */
static bool reserve(uint8_t **block, size_t *capacity, size_t count) {
    if (*capacity >= count) {
        return true;
    }
    free(*block);
    *block = malloc(count);
    *capacity = *block ? count : 0;
    return *block != NULL;
}

void image_release(image_buffer *image) {
    free(image->pixels);
    free(image->scratch);
    memset(image, 0, sizeof *image);
}

image_status image_prepare(image_buffer *image, uint32_t width, uint32_t height, int channels, int32_t longest) {
    image->width = width <= INT32_MAX ? (int32_t)width : INT32_MAX;
    image->height = height <= INT32_MAX ? (int32_t)height : INT32_MAX;
    if (width == 0 || height == 0) {
        image_say(image, "a side has no pixels");
        return IMAGE_DAMAGED;
    }
    if (image->width > longest || image->height > longest) {
        return IMAGE_TOO_LARGE;
    }
    size_t size = (size_t)width * height * (channels == 1 ? 1 : 4);
    return reserve(&image->pixels, &image->capacity, size + IMAGE_SPARE_BYTES) ? IMAGE_DECODED : IMAGE_NO_MEMORY;
}

bool image_reserve_scratch(image_buffer *image, size_t count) {
    return reserve(&image->scratch, &image->scratch_capacity, count);
}

void image_say(image_buffer *image, const char *message) {
    snprintf(image->message, sizeof image->message, "%s", message);
}
