#!/usr/bin/env python3
"""Prints the SHA-256 of all evaluation images of the real backbone as Pillow and timm prepare them.

    python3 Tests/Reference/backbone_pixels.py FOLDER

FOLDER holds config.json and evaluation/CLASS/*.jpg. The pixels are uint8 [1000, 3, 98, 98], images in the order of their
paths. BackbonePixelTests.swift holds what this printed.
"""
import hashlib
import json
import pathlib
import sys

from PIL import Image

from timm_on_cpu import timm  # noqa: F401
from timm.data import create_transform, resolve_data_config


def main():
    folder = pathlib.Path(sys.argv[1])
    configuration = json.loads((folder / "config.json").read_text())
    options = resolve_data_config(pretrained_cfg=configuration["pretrained_cfg"])
    transform = create_transform(**options, is_training=False, normalize=False)
    digest = hashlib.sha256()
    for path in sorted((folder / "evaluation").glob("*/*")):
        digest.update(transform(Image.open(path).convert("RGB")).numpy().tobytes())
    print(digest.hexdigest())


if __name__ == "__main__":
    main()
