#!/usr/bin/env python3
"""Writes Tests/CheckpointsTests/Goldens/processors.json: what Transformers' image processors make of small images.

    pip install numpy pillow==13.0.0 torch==2.13.0+cpu torchvision transformers==5.24.0
    python3 Tests/Reference/processor_goldens.py

A list of cases. Each has the text of a `preprocessor_config.json` and, for images of a few sizes, the SHA-256 of the
pixels before normalisation, uint8 [3, height, width] without rescale and normalisation, and some values after it:
`[channel, row, column, value]`. Or, for what Transformers refuses or makes of several sizes, `refused`.

The images are formulas: channel c of pixel (y, x) is (7 y + 13 x + 31 c + y x // 3) mod 256.

The processors are those with Pillow, which Transformers calls …Pil; at the end the script prints by how much the default
ones with torchvision differ. DINOv3's exists with torchvision only, works on floats, and is compared by its values.
"""
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import timm_on_cpu  # noqa: F401
import numpy as np
import transformers
from PIL import Image

TARGET = pathlib.Path(__file__).resolve().parent.parent / "CheckpointsTests" / "Goldens" / "processors.json"
SIZES = [(20, 31), (37, 24), (16, 16), (9, 13)]
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}


def picture(height, width):
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return ((7 * y + 13 * x + 31 * c + y * x // 3) % 256).astype(np.uint8)


CASES = [
    # ViT: a number is a square, the crop is an option, the filter is bilinear.
    {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}},
    {"feature_extractor_type": "ViTFeatureExtractor", "size": 16, "resample": 2, **HALF},
    {"image_processor_type": "ViTImageProcessorFast", "size": {"height": 12, "width": 20}, "resample": 3},
    {"image_processor_type": "ViTImageProcessor", "size": {"height": 20, "width": 20}, "do_center_crop": True,
     "crop_size": {"height": 16, "width": 16}},
    {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}, "do_rescale": False},
    {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}, "do_normalize": False},
    {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}, "do_normalize": False,
     "do_rescale": False},
    {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16},
     "rescale_factor": 0.00784313725490196, "image_mean": [1.0, 1.0, 1.0], "image_std": [1.0, 1.0, 1.0]},
    {"image_processor_type": "ViTImageProcessor", "size": [16, 12]},
    # DeiT: square before crop; a number is a square.
    {"image_processor_type": "DeiTImageProcessor", "size": {"height": 20, "width": 20},
     "crop_size": {"height": 16, "width": 16}, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]},
    {"feature_extractor_type": "DeiTFeatureExtractor", "size": 20, "crop_size": 16, "resample": 3},
    {"image_processor_type": "DeiTImageProcessor", "size": 12, "crop_size": 15},
    {"image_processor_type": "DeiTImageProcessor", "size": 16, "do_center_crop": False},
    # BEiT.
    {"feature_extractor_type": "BeitFeatureExtractor", "size": 16, "crop_size": 16, "do_center_crop": False,
     "resample": 2, **HALF},
    {"image_processor_type": "BeitImageProcessor", "size": {"height": 18, "width": 18}, "crop_size": 16,
     "do_center_crop": True, "do_reduce_labels": False},
    # CLIP and Bit: a number is the shorter side.
    {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}},
    {"feature_extractor_type": "CLIPFeatureExtractor", "size": 16, "crop_size": 16, "resample": 3},
    {"image_processor_type": "CLIPImageProcessor", "size": {"height": 17, "width": 19}, "crop_size": 14},
    {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 10}, "crop_size": 16},
    {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 18}, "crop_size": {"height": 16, "width": 16},
     "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "do_convert_rgb": True},
    {"image_processor_type": "BitImageProcessorFast", "size": 19, "crop_size": 15, "resample": 1},
    {"image_processor_type": "BitImageProcessor", "do_resize": False, "crop_size": 16},
    # SigLIP.
    {"image_processor_type": "SiglipImageProcessor", "size": {"height": 16, "width": 16}, "do_convert_rgb": None},
    {"image_processor_type": "SiglipImageProcessor", "size": 16, "default_to_square": True},
    # ConvNext: below 384 a crop by crop_pct, from 384 on a square.
    {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 16, "crop_pct": 0.875},
    {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 15}, "resample": 0},
    {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}, "crop_pct": 0.9},
    # The other filters.
    {"image_processor_type": "ViTImageProcessor", "size": 11, "resample": 4},
    {"image_processor_type": "ViTImageProcessor", "size": 11, "resample": 5},
    # DINOv3.
    {"image_processor_type": "DINOv3ViTImageProcessorFast", "size": {"height": 16, "width": 16}},
]
# The sizes that the files leave to the processors.
DEFAULTS = ["ViTImageProcessor", "DeiTImageProcessor", "BeitImageProcessor", "CLIPImageProcessor", "BitImageProcessor",
            "SiglipImageProcessor", "ConvNextImageProcessor"]
CASES += [{"image_processor_type": name} for name in DEFAULTS]
REFUSED = [
    {"image_processor_type": "SiglipImageProcessor", "size": 16},
    {"image_processor_type": "ViTImageProcessor", "size": {"shortest_edge": 16}},
    {"image_processor_type": "CLIPImageProcessor", "size": 16, "do_center_crop": False},
    {"image_processor_type": "ConvNextImageProcessor", "size": {"height": 16, "width": 16}},
    {"image_processor_type": "ViTImageProcessor", "size": 16, "do_center_crop": True},
]


def processor(config, backend):
    config = dict(config)
    name = config.pop("image_processor_type", None) or config.pop("feature_extractor_type")
    name = name.removesuffix("Fast").replace("FeatureExtractor", "ImageProcessor")
    return getattr(transformers, name + backend)(**config)


def run(config, image, backend="Pil", **changes):
    return processor({**config, **changes}, backend)(Image.fromarray(image), return_tensors="np")["pixel_values"][0]


def main():
    cases, differences = [], {}
    for config in CASES:
        floats = config.get("image_processor_type", "").startswith("DINOv3")
        backend = "" if floats else "Pil"
        images = []
        for height, width in SIZES:
            image = picture(height, width)
            values = np.asarray(run(config, image, backend), dtype=np.float32)
            entry = {"size": [height, width], "shape": list(values.shape)}
            if not floats:
                pixels = run(config, image, do_rescale=False, do_normalize=False)
                assert pixels.dtype == np.uint8, pixels.dtype
                entry["sha256"] = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
                # torchvision has neither Pillow's box nor its Hamming window.
                if config.get("resample") not in (4, 5):
                    other = run(config, image, "", do_rescale=False, do_normalize=False)
                    assert other.shape == pixels.shape
                    step = int(np.abs(other.astype(int) - pixels.astype(int)).max())
                    differences[config.get("resample")] = max(step, differences.get(config.get("resample"), 0))
            places = [(0, 0, 0), (1, values.shape[1] // 2, values.shape[2] // 3),
                      (2, values.shape[1] - 1, values.shape[2] - 1)]
            entry["values"] = [[c, y, x, float(values[c, y, x])] for c, y, x in places]
            images.append(entry)
        cases.append({"config": json.dumps(config), "images": images})
    for config in REFUSED:
        shapes = set()
        try:
            shapes = {run(config, picture(*size)).shape for size in SIZES}
        except (ValueError, TypeError, AttributeError) as error:
            shapes = {str(error), ""}
        assert len(shapes) > 1, (config, shapes)
        cases.append({"config": json.dumps(config), "refused": True})
    lines = ",\n".join(json.dumps(case) for case in cases)
    TARGET.write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases, {TARGET.stat().st_size} bytes")
    print(f"the processors with torchvision differ by up to, of 255, by resample: {differences}")


if __name__ == "__main__":
    main()
