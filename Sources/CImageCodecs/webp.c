#include "internal.h"

#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

static image_status status_of(VP8StatusCode code, image_buffer *image) {
    switch (code) {
    case VP8_STATUS_OK:
        return IMAGE_DECODED;
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        return IMAGE_ENDS_EARLY;
    case VP8_STATUS_OUT_OF_MEMORY:
        return IMAGE_NO_MEMORY;
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        image_say(image, "a feature of WebP that libwebp does not read");
        return IMAGE_UNSUPPORTED;
    default:
        image_say(image, "the WebP data break the format's rules");
        return IMAGE_DAMAGED;
    }
}

static image_status decode_still(const uint8_t *bytes, size_t count, uint8_t *out, image_buffer *image) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) {
        image_say(image, "libwebp has another version than this program was built with");
        return IMAGE_UNSUPPORTED;
    }
    config.output.colorspace = MODE_RGBA;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = out;
    config.output.u.RGBA.stride = image->width * 4;
    config.output.u.RGBA.size = (size_t)image->width * (size_t)image->height * 4;
    image_status status = status_of(WebPDecode(bytes, count, &config), image);
    WebPFreeDecBuffer(&config.output);
    return status;
}

static image_status decode_first_frame(const uint8_t *bytes, size_t count, uint8_t *out, image_buffer *image) {
    WebPData data = {.bytes = bytes, .size = count};
    WebPAnimDecoderOptions options;
    if (!WebPAnimDecoderOptionsInit(&options)) {
        image_say(image, "libwebp has another version than this program was built with");
        return IMAGE_UNSUPPORTED;
    }
    options.color_mode = MODE_RGBA;
    image_status status = IMAGE_DAMAGED;
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(&data, &options);
    WebPAnimInfo info;
    uint8_t *frame = NULL;
    int time = 0;
    if (decoder && WebPAnimDecoderGetInfo(decoder, &info) && (int32_t)info.canvas_width == image->width
        && (int32_t)info.canvas_height == image->height && WebPAnimDecoderGetNext(decoder, &frame, &time)) {
        memcpy(out, frame, (size_t)image->width * (size_t)image->height * 4);
        status = IMAGE_DECODED;
    } else {
        image_say(image, "the first frame of the animation cannot be decoded");
    }
    WebPAnimDecoderDelete(decoder);
    return status;
}

image_status image_decode_webp(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image) {
    image->message[0] = 0;
    WebPBitstreamFeatures features;
    image_status status = status_of(WebPGetFeatures(bytes, count, &features), image);
    if (status != IMAGE_DECODED) {
        return status;
    }
    status = image_prepare(image, (uint32_t)features.width, (uint32_t)features.height, channels, longest);
    if (status != IMAGE_DECODED) {
        return status;
    }
    size_t pixels = (size_t)image->width * (size_t)image->height;
    if (channels == 1 && !image_reserve_scratch(image, pixels * 4)) {
        return IMAGE_NO_MEMORY;
    }
    uint8_t *out = channels == 1 ? image->scratch : image->pixels;
    status = features.has_animation ? decode_first_frame(bytes, count, out, image)
                                    : decode_still(bytes, count, out, image);
    for (size_t place = 0; place < pixels && channels == 1 && status == IMAGE_DECODED; place++) {
        image->pixels[place] = image_gray(out[4 * place], out[4 * place + 1], out[4 * place + 2]);
    }
    return status;
}
