#!/usr/bin/env python3
"""Times the preparation of a thousand photos beside Pillow with torchvision's transforms, in pairs, on the same cores.

    pip install numpy pillow torch torchvision
    swift build -c release --product preprocessing
    python3 Benchmarks/preprocessing.py --program .build/release/preprocessing

The photos are JPEG, 640 x 480, made here from a seed. Both sides read, decode, resize the shorter side to 248 by bicubic
filtering, crop 224 x 224 from the middle and normalise to float32. The peer works in as many processes as cores, which
are warm before its clock starts, and keeps its results to itself, so that nothing is sent between processes.
Each pair runs both, in turn first; the ratio of a pair is the peer's seconds by ours.
"""
import argparse
import concurrent.futures
import importlib.util
import io
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

MISSING = [name for name in ("numpy", "PIL", "torch", "torchvision") if importlib.util.find_spec(name) is None]
if MISSING:
    sys.exit(f"preprocessing: {sys.executable} has no {', '.join(MISSING)}, and the photos are timed beside Pillow and "
             "torchvision: pip install numpy pillow torch torchvision, or name another python by PYTHON=PATH")

import numpy as np
from PIL import Image


def photo(seed):
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:480, 0:640] / 640
    pixels = np.zeros((480, 640, 3))
    for channel in range(3):
        for _ in range(5):
            a, b, c = generator.uniform(-40, 40, 3)
            pixels[..., channel] += np.sin(a * x + b * y + c)
    for _ in range(30):
        top, left = generator.integers(0, 440), generator.integers(0, 600)
        height, width = generator.integers(5, 200, 2)
        pixels[top:top + height, left:left + width] += generator.uniform(-2, 2, 3)
    pixels += generator.normal(0, 0.15, pixels.shape)
    out = io.BytesIO()
    Image.fromarray(np.clip(pixels * 28 + 128, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
    return out.getvalue()


def make_transform():
    import torch
    torch.set_num_threads(1)
    try:
        from torchvision import transforms
    except RuntimeError:
        # Torchvision's compiled operators do not load beside another build of PyTorch; none is used here.
        names = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            names.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        from torchvision import transforms
    return transforms.Compose([
        transforms.Resize(248, interpolation=transforms.InterpolationMode.BICUBIC), transforms.CenterCrop(224),
        transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)])


TRANSFORM = None


def warm(_):
    global TRANSFORM
    if TRANSFORM is None:
        TRANSFORM = make_transform()
    time.sleep(0.2)


def prepare(paths):
    total = 0.0
    for path in paths:
        with open(path, "rb") as file:
            total += float(TRANSFORM(Image.open(file).convert("RGB"))[0, 0, 0])
    return total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ProcessPoolExecutor(options.cores) as pool:
        for index, content in enumerate(pool.map(photo, range(options.photos), chunksize=10)):
            (pathlib.Path(folder) / f"{index:05}.jpg").write_bytes(content)
        paths = sorted(str(path) for path in pathlib.Path(folder).iterdir())
        size = sum(os.path.getsize(path) for path in paths) / len(paths)
        list(pool.map(warm, range(4 * options.cores)))
        chunks = [paths[start:start + 10] for start in range(0, len(paths), 10)]

        def ours():
            command = [options.program, folder, str(options.cores)]
            return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

        def peer():
            began = time.perf_counter()
            list(pool.map(prepare, chunks))
            return time.perf_counter() - began

        ours(), peer()
        print(f"{len(paths)} photos of {size / 1024:.0f} KiB, {options.cores} cores")
        ratios = []
        for pair in range(options.pairs):
            first, second = (ours, peer) if pair % 2 == 0 else (peer, ours)
            seconds = {first: first(), second: second()}
            ratios.append(seconds[peer] / seconds[ours])
            print(f"pair {pair + 1}: ours {seconds[ours]:.2f} s, Pillow and torchvision {seconds[peer]:.2f} s, "
                  f"ratio {ratios[-1]:.2f}")
        print(f"median ratio {statistics.median(ratios):.2f} (above 1: ours is faster)")


if __name__ == "__main__":
    main()
