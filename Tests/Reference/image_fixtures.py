#!/usr/bin/env python3
"""Writes Tests/DatasetsTests/Fixtures/images.{safetensors,json}: image files, and what Pillow and timm make of them.

    pip install numpy pillow==13.0.0 torch==2.13.0+cpu torchvision timm==1.0.31 safetensors
    python3 Tests/Reference/image_fixtures.py

images.safetensors   uint8 [bytes] for each image file, as on a disk
images.json          a list of cases: which file, which pipeline, whether Exif orientation is applied, and the SHA-256 of
                     the pixels, uint8 [channels, height, width]

Three kinds of case: every kind of file at its own size; Exif orientations; and photos of odd sizes through timm's own
evaluation transform or, where timm has no word for it, Pillow's resize and the crop rule that is written out below.
"""
import hashlib
import io
import json
import pathlib
import random
import struct
import zlib

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors.numpy import save_file

from timm_on_cpu import timm
from timm.data import create_transform

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "DatasetsTests" / "Fixtures"
FILTERS = {"nearest": Image.Resampling.NEAREST, "box": Image.Resampling.BOX, "bilinear": Image.Resampling.BILINEAR,
           "hamming": Image.Resampling.HAMMING, "bicubic": Image.Resampling.BICUBIC,
           "lanczos": Image.Resampling.LANCZOS}


def picture(height, width, seed, channels=3):
    """Something like a photo: waves, edges and a little noise."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    result = np.zeros((height, width, channels))
    for channel in range(channels):
        for _ in range(4):
            a, b, c = generator.uniform(-25, 25, 3)
            result[..., channel] += np.sin(a * x + b * y + c)
    for _ in range(6):
        top, left = generator.integers(0, height), generator.integers(0, width)
        bottom, right = top + generator.integers(1, height + 1), left + generator.integers(1, width + 1)
        result[top:bottom, left:right] = generator.uniform(-3, 3, channels)
    result += generator.normal(0, 0.15, result.shape)
    return np.clip(result * 32 + 128, 0, 255).astype(np.uint8)


def saved(array, kind, mode=None, **options):
    out = io.BytesIO()
    Image.fromarray(array, mode).save(out, kind, **options)
    return out.getvalue()


# PNG, written here because Pillow writes neither interlaced files nor every depth.

PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def packed(samples, depth):
    """Rows of [height, width, channels] samples, each after filter type 0."""
    result = b""
    for row in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            content = row.astype(">u2").tobytes()
        elif depth == 8:
            content = row.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(value), f"0{depth}b") for value in row)
            bits += "0" * (-len(bits) % 8)
            content = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        result += b"\0" + content
    return result


def png(samples, depth, kind, interlaced=False, extra=b""):
    height, width = samples.shape[:2]
    if interlaced:
        parts = [samples[top::down, left::right] for top, left, down, right in PASSES]
        content = b"".join(packed(part, depth) for part in parts if part.size)
    else:
        content = packed(samples, depth)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(content, 9))
            + chunk(b"IEND", b""))


def png_files():
    generator = np.random.default_rng(7)
    for interlaced in (False, True):
        end = "-interlaced" if interlaced else ""
        for depth in (1, 2, 4, 8, 16):
            gray = generator.integers(0, 2 ** depth, (11, 13, 1))
            if depth == 16:
                gray[0] = np.array([0, 1, 127, 128, 254, 255, 256, 257, 300, 511, 512, 32768, 65535])[:, None]
            yield f"gray-{depth}{end}.png", png(gray, depth, 0, interlaced)
        for depth in (8, 16):
            for name, kind, channels in (("gray-alpha", 4, 2), ("rgb", 2, 3), ("rgba", 6, 4)):
                samples = generator.integers(0, 2 ** depth, (9, 14, channels))
                yield f"{name}-{depth}{end}.png", png(samples, depth, kind, interlaced)
        for depth in (1, 2, 4, 8):
            colours = generator.integers(0, 256, 3 * 2 ** depth, np.uint8).tobytes()
            extra = chunk(b"PLTE", colours) + chunk(b"tRNS", bytes([0, 128]))
            samples = generator.integers(0, 2 ** depth, (10, 15, 1))
            yield f"palette-{depth}{end}.png", png(samples, depth, 3, interlaced, extra)
    # Fewer colours than indices.
    short = chunk(b"PLTE", bytes(range(10, 40)))
    yield "palette-short.png", png(generator.integers(0, 40, (8, 8, 1)), 8, 3, extra=short)
    transparent = chunk(b"tRNS", struct.pack(">H", 7))
    yield "gray-transparent.png", png(generator.integers(0, 16, (8, 9, 1)), 8, 0, extra=transparent)
    gamma = chunk(b"gAMA", struct.pack(">I", 100000))
    yield "rgb-gamma.png", png(generator.integers(0, 256, (8, 9, 3)), 8, 2, extra=gamma)


def jpeg_files():
    colours = picture(45, 61, 1)
    for subsampling in ("4:4:4", "4:2:2", "4:2:0", "4:1:1", "4:4:0"):
        try:
            yield f"colour-{subsampling.replace(':', '')}.jpg", saved(colours, "JPEG", subsampling=subsampling)
        except (TypeError, ValueError):
            print("this Pillow does not write", subsampling)
    yield "colour-progressive.jpg", saved(colours, "JPEG", progressive=True)
    yield "colour-progressive-444.jpg", saved(colours, "JPEG", progressive=True, subsampling=0, quality=95)
    yield "colour-optimized.jpg", saved(colours, "JPEG", optimize=True, quality=30)
    yield "colour-restarts.jpg", saved(colours, "JPEG", restart_marker_blocks=3)
    yield "colour-rgb.jpg", saved(colours, "JPEG", keep_rgb=True)
    yield "gray.jpg", saved(picture(33, 47, 2, 1)[..., 0], "JPEG")
    yield "gray-progressive.jpg", saved(picture(33, 47, 2, 1)[..., 0], "JPEG", progressive=True)
    inks = saved(picture(31, 43, 3, 4), "JPEG", mode="CMYK")
    yield "cmyk.jpg", inks
    place = inks.index(b"Adobe")
    yield "ycck.jpg", inks[:place + 11] + b"\x02" + inks[place + 12:]
    start = place - 4
    length = struct.unpack(">H", inks[start + 2:start + 4])[0]
    yield "cmyk-without-adobe.jpg", inks[:start] + inks[start + 2 + length:]
    # Bytes that belong to nothing, before a marker: libjpeg warns, Pillow and we take the image.
    plain = saved(colours, "JPEG")
    scan = plain.index(b"\xff\xda")
    yield "surplus-bytes.jpg", plain[:scan] + b"\x12\x34\x56" + plain[scan:]
    yield "bytes-behind.jpg", plain + b"more"


def webp_files():
    colours, alpha = picture(37, 53, 4), picture(37, 53, 5, 4)
    yield "lossy.webp", saved(colours, "WEBP", quality=60)
    yield "lossless.webp", saved(colours, "WEBP", lossless=True)
    yield "lossy-alpha.webp", saved(alpha, "WEBP", quality=60)
    yield "lossless-alpha.webp", saved(alpha, "WEBP", lossless=True, exact=True)
    out = io.BytesIO()
    frames = [Image.fromarray(picture(20, 24, seed)) for seed in (8, 9)]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    yield "animated.webp", out.getvalue()


def gif_files():
    generator = np.random.default_rng(11)
    frames = [Image.fromarray(generator.integers(0, 256, (13, 17, 3), np.uint8)).quantize(32) for _ in range(2)]
    for interlaced in (False, True):
        out = io.BytesIO()
        frames[0].save(out, "GIF", interlace=int(interlaced))
        yield f"palette{'-interlaced' if interlaced else ''}.gif", out.getvalue()
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=50, transparency=3)
    yield "animated.gif", out.getvalue()
    out = io.BytesIO()
    Image.fromarray(generator.integers(0, 256, (6, 7), np.uint8)).save(out, "GIF")
    yield "gray.gif", out.getvalue()
    # A frame that covers a part of its canvas, with and without a transparent colour.
    yield "part.gif", small_gif(None)
    yield "part-transparent.gif", small_gif(2)


def small_gif(transparent):
    """A canvas of 6 x 5 with a frame of 2 x 2 pixels 0 1 2 3 at (3, 1), four colours, codes without compression."""
    colours = bytes([200, 10, 20, 30, 210, 40, 50, 60, 220, 70, 80, 90])
    control = b"" if transparent is None else b"\x21\xf9\x04\x01\x00\x00" + bytes([transparent]) + b"\x00"
    bits, size = "", 3
    for code in (4, 0, 1, 4, 2, 3, 5):
        bits = format(code, f"0{size}b") + bits
    bits = bits.zfill(-(-len(bits) // 8) * 8)
    packed_codes = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))[::-1]
    return (b"GIF89a" + struct.pack("<HHBBB", 6, 5, 0x81, 0, 0) + colours + control
            + b"," + struct.pack("<HHHHB", 3, 1, 2, 2, 0) + b"\x02" + bytes([len(packed_codes)]) + packed_codes + b"\0;")


def bmp(rows, width, height, bits, compression=0, palette=b"", masks=b"", core=False):
    """A file of rows from the top, without their padding; a negative height is written as such."""
    lines = [row + b"\0" * (-len(row) % 4) for row in rows]
    content = b"".join(lines if height < 0 else lines[::-1])
    header = (struct.pack("<IHHHH", 12, width, height, 1, bits) if core else struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(content), 0, 0, len(palette) // 4, 0))
    start = 14 + len(header) + len(masks) + len(palette)
    return (b"BM" + struct.pack("<IHHI", start + len(content), 0, 0, start) + header + masks + palette + content)


def bmp_files():
    colours = picture(9, 13, 12)
    yield "rgb.bmp", saved(colours, "BMP")
    yield "gray.bmp", saved(picture(7, 11, 13, 1)[..., 0], "BMP")
    yield "rgba.bmp", saved(picture(7, 11, 14, 4), "BMP")
    yield "bits.bmp", saved((picture(7, 11, 15, 1)[..., 0] > 128), "BMP")
    out = io.BytesIO()
    Image.fromarray(colours).quantize(20).save(out, "BMP")
    yield "palette.bmp", out.getvalue()
    yield "top-down.bmp", bmp([row[:, ::-1].tobytes() for row in colours], 13, -9, 24)
    yield "core.bmp", bmp([row[:, ::-1].tobytes() for row in colours], 13, 9, 24, core=True)
    generator = np.random.default_rng(16)
    palette = b"".join(bytes([*generator.integers(0, 256, 3, np.uint8), 0]) for _ in range(16))
    yield "palette-4.bmp", bmp([generator.integers(0, 256, 4, np.uint8).tobytes() for _ in range(5)], 7, 5, 4,
                               palette=palette)
    rows = [generator.integers(0, 256, 12, np.uint8).tobytes() for _ in range(4)]
    yield "16-555.bmp", bmp(rows, 6, 4, 16)
    yield "16-565.bmp", bmp(rows, 6, 4, 16, 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    yield "32-masks.bmp", bmp(rows, 3, 4, 32, 3, masks=struct.pack("<III", 0xFF0000, 0xFF00, 0xFF))


def tiff(samples, blocks, tags, order="<"):
    """A file of one page: `blocks` are strips, or tiles where `tags` has their sides."""
    tags = {256: samples.shape[1], 257: samples.shape[0], 259: 1, 277: samples.shape[2] if samples.ndim > 2 else 1, **tags}
    tags.setdefault(258, [8 * samples.itemsize] * tags[277])
    places, content = [], b""
    for block in blocks:
        places.append(8 + len(content))
        content += block + b"\0" * (len(block) % 2)
    tags |= ({324: places, 325: [len(block) for block in blocks]} if 322 in tags
             else {273: places, 279: [len(block) for block in blocks], 278: tags.get(278, samples.shape[0])})
    directory, extra = b"", b""
    base = 8 + len(content) + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        values = value if isinstance(value, list) else [value]
        kind = 3 if tag in (258, 259, 262, 274, 277, 284, 320, 338, 339) else 4
        data = b"".join(struct.pack(order + ("H" if kind == 3 else "I"), item) for item in values)
        if len(data) > 4:
            data, extra = struct.pack(order + "I", base + len(extra)), extra + data + b"\0" * (len(data) % 2)
        directory += struct.pack(order + "HHI", tag, kind, len(values)) + data.ljust(4, b"\0")
    return ((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(content)) + content
            + struct.pack(order + "H", len(tags)) + directory + b"\0\0\0\0" + extra)


def tiff_files():
    colours, gray = picture(21, 27, 17), picture(21, 27, 18, 1)[..., 0]
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield f"rgb-{compression}.tif", saved(colours, "TIFF", compression=compression)
    yield "gray.tif", saved(gray, "TIFF", compression="tiff_lzw")
    yield "bits.tif", saved(gray > 128, "TIFF", compression="group4")
    yield "rgba.tif", saved(picture(21, 27, 19, 4), "TIFF")
    yield "gray-16.tif", saved((gray.astype(np.uint16) * 3), "TIFF")
    out = io.BytesIO()
    Image.fromarray(colours).quantize(30).save(out, "TIFF", compression="tiff_deflate")
    yield "palette.tif", out.getvalue()
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "turned.tif", saved(colours, "TIFF", exif=exif)
    planes = [np.ascontiguousarray(colours[..., channel]).tobytes() for channel in range(3)]
    yield "planes.tif", tiff(colours, planes, {262: 2, 284: 2})
    tiles = np.zeros((32, 32, 3), np.uint8)
    tiles[:21, :27] = colours
    yield "tiles.tif", tiff(colours, [tiles[y:y + 16, x:x + 16].tobytes() for y in (0, 16) for x in (0, 16)],
                            {262: 2, 322: 16, 323: 16})
    yield "strips.tif", tiff(colours, [colours[y:y + 4].tobytes() for y in range(0, 21, 4)], {262: 2, 278: 4})
    deep = (colours.astype(np.uint16) * 257 + 3)
    yield "rgb-16-big.tif", tiff(deep, [deep.astype(">u2").tobytes()], {262: 2}, ">")
    yield "rgb-16.tif", tiff(deep, [deep.astype("<u2").tobytes()], {262: 2})
    yield "white-is-zero.tif", tiff(gray, [gray.tobytes()], {262: 0})
    blended = picture(21, 27, 20, 4)
    yield "premultiplied.tif", tiff(blended, [blended.tobytes()], {262: 2, 338: 1})
    yield "gray-4.tif", tiff(gray[:, :13], [gray[:, :7].tobytes()], {262: 1, 258: 4})


def oriented_files():
    colours = picture(12, 19, 6)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for kind, end in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")):
            if end == "jpg" or orientation in (3, 6):
                yield f"oriented-{orientation}.{end}", saved(colours, kind, exif=exif)


# Pipelines: as this program's JSON, and as the function that says what must come out.

def own_pipeline(resize, interpolation, height, width, rounding="halfToEven", channels=3, fill=None):
    return {"resize": resize, "interpolation": interpolation, "height": height, "width": width,
            "cropRounding": rounding, "fill": fill or [0] * channels,
            "normalisation": {"mean": [0.5] * channels, "standardDeviation": [0.5] * channels}}


def centre_crop(pixels, height, width, rounding):
    """The crop of torchvision's PIL path ("halfToEven") or of transformers' center_crop ("down"), zeros outside."""
    def start(surplus):
        if rounding == "down":
            return surplus // 2
        return -((-surplus) // 2) if surplus < 0 else int(round(surplus / 2))
    result = np.zeros((height, width) + pixels.shape[2:], np.uint8)
    top, left = start(pixels.shape[0] - height), start(pixels.shape[1] - width)
    for row in range(height):
        for column in range(width):
            if 0 <= row + top < pixels.shape[0] and 0 <= column + left < pixels.shape[1]:
                result[row, column] = pixels[row + top, column + left]
    return result


def resized(image, resize, interpolation):
    width, height = image.size
    if resize == {"none": {}}:
        return image
    if "shortSide" in resize:
        side = resize["shortSide"]["_0"]
        size = (side, int(side * width / height)) if height <= width else (int(side * height / width), side)
    else:
        (rule, sides), = resize.items()
        size = (sides["height"], sides["width"])
        assert rule == "exact"
    return image.resize((size[1], size[0]), FILTERS[interpolation])


def digest(pixels):
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    return hashlib.sha256(np.ascontiguousarray(pixels.transpose(2, 0, 1)).tobytes()).hexdigest()


def by_pillow(content, pipeline, turn=False):
    image = Image.open(io.BytesIO(content))
    if turn:
        image = ImageOps.exif_transpose(image)
    image = image.convert("L" if len(pipeline["fill"]) == 1 else "RGB")
    image = resized(image, pipeline["resize"], pipeline["interpolation"])
    return digest(centre_crop(np.asarray(image), pipeline["height"], pipeline["width"], pipeline["cropRounding"]))


def by_timm(content, size, fraction, mode, interpolation):
    mean = (0.485, 0.456, 0.406)
    transform = create_transform(
        input_size=(3,) + size, is_training=False, interpolation=interpolation, crop_pct=fraction, crop_mode=mode,
        mean=mean, std=(0.229, 0.224, 0.225), normalize=False)
    pixels = transform(Image.open(io.BytesIO(content)).convert("RGB"))
    assert pixels.dtype == torch.uint8 and tuple(pixels.shape) == (3,) + size
    return hashlib.sha256(pixels.numpy().tobytes()).hexdigest()


TIMM = [((56, 56), 0.9, "center", "bicubic"), ((48, 48), 0.875, "center", "bilinear"),
        ((64, 64), 1.0, "squash", "bicubic"), ((45, 45), 0.95, "border", "bicubic"),
        ((40, 57), 0.9, "center", "bicubic"), ((57, 40), 1.0, "border", "bilinear"),
        ((98, 98), 1.0, "center", "bicubic"), ((50, 33), 0.9, "squash", "bilinear"),
        ((37, 37), 0.8, "center", "lanczos"), ((61, 61), 0.9, "center", "nearest")]


def own_pipelines():
    for index, interpolation in enumerate(FILTERS):
        yield own_pipeline({"exact": {"height": 41 + index, "width": 38}}, interpolation, 41 + index, 38)
        yield own_pipeline({"shortSide": {"_0": 37}}, interpolation, 32, 32, channels=1)
    yield own_pipeline({"shortSide": {"_0": 256}}, "bicubic", 224, 224, "down")
    yield own_pipeline({"exact": {"height": 67, "width": 67}}, "bicubic", 56, 56, "down")
    yield own_pipeline({"none": {}}, "bicubic", 81, 82, "down")
    yield own_pipeline({"none": {}}, "bicubic", 80, 83)
    yield own_pipeline({"none": {}}, "bicubic", 33, 34, channels=1)


def main():
    files, cases = {}, []

    def case(name, pipeline, sha256, turn=False):
        cases.append({"file": name, "pipeline": pipeline, "appliesOrientation": turn, "sha256": sha256})

    for name, content in [*png_files(), *jpeg_files(), *webp_files(), *gif_files(), *bmp_files(), *tiff_files()]:
        files[name] = content
        width, height = Image.open(io.BytesIO(content)).size
        for channels in (3, 1):
            pipeline = own_pipeline({"none": {}}, "bicubic", height, width, channels=channels)
            case(name, pipeline, by_pillow(content, pipeline))
    for name, content in oriented_files():
        files[name] = content
        for turn in (False, True):
            pipeline = own_pipeline({"none": {}}, "bicubic", 19, 19)
            case(name, pipeline, by_pillow(content, pipeline, turn), turn)

    chance = random.Random(1)
    sizes = [(1, 1), (1, 7), (9, 1), (2, 3), (181, 1), (1, 173)]
    sizes += [(chance.randrange(5, 150), chance.randrange(5, 150)) for _ in range(109)]
    own = list(own_pipelines())
    for index, (height, width) in enumerate(sizes):
        name = f"photo-{index:03}-{height}x{width}.jpg"
        files[name] = saved(picture(height, width, 100 + index), "JPEG", quality=chance.choice((50, 75, 90)))
        size, fraction, mode, interpolation = chosen = TIMM[index % len(TIMM)]
        try:
            sha256 = by_timm(files[name], *chosen)
        except ValueError as error:
            # Pillow refuses sizes of 0, which borders leave of very long images.
            print(name, chosen, error)
        else:
            cases.append({"file": name, "timm": {
                "height": size[0], "width": size[1], "cropFraction": fraction, "cropMode": mode,
                "interpolation": interpolation}, "appliesOrientation": False, "sha256": sha256})
        pipeline = own[index % len(own)]
        case(name, pipeline, by_pillow(files[name], pipeline))

    FOLDER.mkdir(exist_ok=True)
    save_file({name: np.frombuffer(content, np.uint8) for name, content in files.items()},
              FOLDER / "images.safetensors")
    (FOLDER / "images.safetensors").chmod(0o644)
    lines = ",\n".join(json.dumps(case) for case in cases)
    (FOLDER / "images.json").write_text("[\n" + lines + "\n]\n")
    print(len(files), "files,", len(cases), "cases")


if __name__ == "__main__":
    main()
