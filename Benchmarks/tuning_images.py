#!/usr/bin/env python3
"""Writes the Fashion-MNIST test images that no table reports on, to choose defaults by.

    apt-get install dataset-fashion-mnist
    python3 Benchmarks/tuning_images.py --output tuning.safetensors
    mgrq compare --model sample:fashion-vit --evaluation tuning.safetensors …

Of the 10,000 test images, 1,000 are the samples' evaluation images. Who chose defaults by them would report a choice as
a result; the others are for that.
"""
import argparse
import gzip
import json
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
REPORTED = ROOT / "sample-models" / "fashion-mnist" / "evaluation.safetensors"
PIXELS = 28 * 28


def tensor(path, name):
    """The bytes of one tensor of a safetensors file."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    start, end = json.loads(data[8:8 + size])[name]["data_offsets"]
    return data[8 + size + start:8 + size + end]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("/usr/share/datasets/fashion-mnist"),
                        help="where the package's files are")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    args = parser.parse_args()
    files = [args.data / f"t10k-{name}.gz" for name in ("images-idx3-ubyte", "labels-idx1-ubyte")]
    for file in files:
        if not file.exists():
            sys.exit(f"there is no {file}; the package dataset-fashion-mnist brings it")
    pixels = gzip.decompress(files[0].read_bytes())[16:]
    labels = gzip.decompress(files[1].read_bytes())[8:]
    reported = tensor(REPORTED, "images")
    known = {reported[place:place + PIXELS] for place in range(0, len(reported), PIXELS)}
    images = [(pixels[PIXELS * place:PIXELS * (place + 1)], label) for place, label in enumerate(labels)]
    kept = [(image, label) for image, label in images if image not in known]
    count = len(kept)
    header = json.dumps({
        "images": {"dtype": "U8", "shape": [count, 1, 28, 28], "data_offsets": [8 * count, (8 + PIXELS) * count]},
        "labels": {"dtype": "I64", "shape": [count], "data_offsets": [0, 8 * count]}}).encode()
    header += b" " * (-len(header) % 8)
    args.output.write_bytes(
        struct.pack("<Q", len(header)) + header + b"".join(struct.pack("<q", label) for _, label in kept)
        + b"".join(image for image, _ in kept))
    print(f"{count} images in {args.output}")


if __name__ == "__main__":
    main()
