/*
 * Image files to pixels, by libjpeg-turbo, libpng, libwebp, libtiff and giflib; bytes out of deflate, by zlib; and
 * the inner loops of a change of size.
 *
 * Nothing here jumps past a caller, keeps a pointer from the caller, or has state. Every function may
 * be called from several threads at once, each with its own buffer.
 */
#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stddef.h>
#include <stdint.h>

/* What came of an attempt to decode. */
typedef enum {
    IMAGE_DECODED = 0,
    /* The file ends before the image does. */
    IMAGE_ENDS_EARLY,
    /* The file breaks a rule of its format; the message says which. */
    IMAGE_DAMAGED,
    /* The file is of a kind that is not read; the message says which. */
    IMAGE_UNSUPPORTED,
    /* A side is longer than the limit; width and height are set. */
    IMAGE_TOO_LARGE,
    /* The system gives no memory for the pixels. */
    IMAGE_NO_MEMORY
} image_status;

/* The most bytes that may be read and written after the pixels of a buffer, so that loops need not look at the end. */
enum { IMAGE_SPARE_BYTES = 64 };

/* Pixels, and memory that is used again for the next image. Starts as all zeros. */
typedef struct {
    /* Row by row without gaps: 4 bytes (red, green, blue, any) or 1 byte (gray) for each pixel. */
    uint8_t *pixels;
    size_t capacity;
    /* What a decoder needs for itself. */
    uint8_t *scratch;
    size_t scratch_capacity;
    int32_t width;
    int32_t height;
    /* What the library had to say, in English. */
    char message[200];
} image_buffer;

/* Gives the memory of a buffer back and makes it all zeros. */
void image_release(image_buffer *image);

/*
 * Decode one image in memory. `channels` is 3 or 1; 1 gives (19595 R + 38470 G + 7471 B + 32768) >> 16 of
 * colours. Alpha is dropped. No side may be longer than `longest` pixels; nothing is allocated for a longer one.
 */

/* Baseline, progressive and arithmetic JPEG of 8 bits; gray, YCbCr, RGB, CMYK and YCCK, the latter two inverted. */
image_status image_decode_jpeg(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image);
/* Every kind of PNG. Of 16 bits the upper 8 are kept; gray of 16 bits without alpha is cut off at 255, as in Pillow. */
image_status image_decode_png(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image);
/* Lossy and lossless WebP; of an animation, the first frame. */
image_status image_decode_webp(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image);

/* The first frame of a GIF. Where it does not cover the canvas, that has the transparent colour or the first one. */
image_status image_decode_gif(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image);
/* BMP of 1 to 32 bits a pixel without compression. */
image_status image_decode_bmp(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image);
/*
 * The first page of a TIFF: gray of 1 to 16 bits, palettes, RGB of 8 and 16 bits; strips or tiles, samples side by side
 * or in planes. Its orientation is not applied. Gray of 16 bits is cut off at 255, as in Pillow.
 */
image_status image_decode_tiff(
    const uint8_t *bytes, size_t count, int channels, int32_t longest, image_buffer *image);

/* The most bytes that a PNG of so many RGB pixels has. */
size_t image_png_capacity(uint32_t width, uint32_t height);
/*
 * Encodes `height` rows of `width` RGB pixels of 3 bytes, without gaps, as PNG. `file` has `capacity` bytes, at least
 * those of `image_png_capacity`. Returns the size of the file; 0 if memory runs out.
 */
size_t image_encode_png(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *file, size_t capacity);

/*
 * The weights of a change of size in one direction: output place `i` is the sum over `taps` of weights[i * taps + t]
 * and the input at starts[i] + t, in units of 2^-22, rounded and cut off to 0 ... 255.
 */
typedef struct {
    const int32_t *starts;
    const int32_t *weights;
    int32_t taps;
    int32_t count;
} image_weights;

/*
 * One row of 4-byte pixels. `taps` must be a multiple of 4; the input may be read for up to IMAGE_SPARE_BYTES after
 * the last tap that has a weight.
 */
void image_resample_row_4(const uint8_t *input, uint8_t *output, const image_weights *weights);
/* One row of 1-byte pixels, with the same rules; `taps` must be a multiple of 4. */
void image_resample_row_1(const uint8_t *input, uint8_t *output, const image_weights *weights);
/*
 * One row of output from `taps` rows of input that lie `stride` bytes apart. `input` is the first of them; `count`
 * bytes are written, and up to IMAGE_SPARE_BYTES more are read and written.
 */
void image_resample_column(
    const uint8_t *input, size_t stride, const int32_t *weights, int32_t taps, uint8_t *output, size_t count);

/* What came of an attempt to inflate. */
typedef enum {
    INFLATED = 0,
    /* The stream is damaged or ends early. */
    INFLATE_DAMAGED,
    /* The stream holds more bytes, or fewer, than was announced. */
    INFLATE_WRONG_SIZE,
    INFLATE_NO_MEMORY
} inflate_status;

/* Inflates a raw deflate stream of `input_count` bytes to exactly `output_count` bytes. */
inflate_status image_inflate(const uint8_t *input, size_t input_count, uint8_t *output, size_t output_count);
/* The CRC-32 of ZIP and PNG. */
uint32_t image_crc32(const uint8_t *bytes, size_t count);

#endif
