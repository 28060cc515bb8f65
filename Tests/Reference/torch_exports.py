#!/usr/bin/env python3
"""Exports small quantized models for PyTorch, and compares what they compute there with mgrq.

    pip install numpy torch==2.13.0+cpu torchvision timm==1.0.31 transformers==5.24.0 safetensors
    python3 Tests/Reference/torch_exports.py MGRQ [--only REGEX] [--bits 4]

Every layout of layout_goldens.py and some models of timm, with random weights, is quantized with a few steps. The file
is loaded into a fresh model of the same class, whose logits are compared with those of `mgrq predict`. A rounding that
falls to the other side changes an image; an operator that computes something else changes all of them. So the exit
status is 1 where more than a quarter of the images differ by more than 1e-4 of the largest logit, or where a model is
refused that should not be.
"""
import argparse
import importlib.util
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
warnings.filterwarnings("ignore")

import numpy as np
import torch

import layout_goldens
import timm_on_cpu  # noqa: F401
import timm
import transformers
from timm.models._hub import save_for_hf

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

IMAGES, SHARE, LIMIT = 16, 0.25, 1e-4
# Pooling by attention whose queries, keys and values are one layer.
REFUSED = {"huggingface-siglip"}


def small(name, **more):
    """A function that makes one of timm's models, cut to two blocks."""
    return lambda: timm.create_model(name, pretrained=False, num_classes=5, **more)


TIMM = {
    "vit_tiny_patch16_224": small("vit_tiny_patch16_224", depth=2, img_size=48),
    "deit3_small_patch16_224": small("deit3_small_patch16_224", depth=2, img_size=48),
    "deit_tiny_distilled_patch16_224": small("deit_tiny_distilled_patch16_224", depth=2, img_size=48),
    "vit_small_patch14_reg4_dinov2": small("vit_small_patch14_reg4_dinov2", depth=2, img_size=42),
    "vit_base_patch16_siglip_224": small(
        "vit_base_patch16_siglip_224", depth=1, img_size=48, embed_dim=96, num_heads=2),
    "beit_base_patch16_224": small("beit_base_patch16_224", depth=1, img_size=48, embed_dim=96, num_heads=2),
    "eva02_tiny_patch14_224": small("eva02_tiny_patch14_224", depth=2, img_size=42),
    "swin_tiny_patch4_window7_224": small(
        "swin_tiny_patch4_window7_224", depths=(2, 1), embed_dim=24, num_heads=(2, 4), img_size=56),
    "swinv2_tiny_window8_256": small(
        "swinv2_tiny_window8_256", depths=(2, 1), embed_dim=24, num_heads=(2, 4), img_size=64),
}


def case(mgrq, name, bits):
    """The share of images that differ, the largest difference of all, and that of an image in the middle."""
    make = TIMM.get(name) or layout_goldens.MODELS[name][0]
    random = np.random.Generator(np.random.PCG64([2406, len(name)]))
    model = make().eval()
    layout_goldens.randomise(model, random)
    shape = (3, *model.patch_embed.img_size) if name in TIMM else layout_goldens.image_shape(name)
    images = random.standard_normal((IMAGES, *shape)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        source, data = pathlib.Path(folder, "model"), f"{folder}/images.npz"
        source.mkdir()
        if name in TIMM:
            save_for_hf(model, source, safe_serialization=True)
        else:
            layout_goldens.save(model, source, layout_goldens.MODELS[name][1])
        np.savez(data, images=images)

        def call(*words):
            done = subprocess.run([mgrq, *map(str, words)], capture_output=True, text=True, cwd=folder)
            if done.returncode != 0:
                raise RuntimeError(done.stderr.strip().splitlines()[-1])

        side = ["--image-size", str(images.shape[-1])] if name.startswith(("torchvision", "eva")) else []
        heads = ["--heads", "2"] if name == "torchvision-vit" else []
        call("run", "--model", source, "--calibration", data, "--normalised", "--preset", "mgrq", "--set", "steps=3",
             "--weight-bits", str(bits), "--activation-bits", str(bits), "--output", "run", *side, *heads)
        call("predict", "run", "--data", data, "--normalised", "--output", "logits.npz")
        call("export", "run", "--format", "torch", "--output", "export.safetensors")
        expected = np.load(f"{folder}/logits.npz")
        expected = expected["logits" if "logits" in expected else "features"]
        spec = importlib.util.spec_from_file_location("mgrq_torch", f"{folder}/mgrq_torch.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        fresh = make().eval()
        layout_goldens.randomise(fresh, np.random.Generator(np.random.PCG64(1)))
        # The pretraining's own pass is another one than its encoder's.
        module.load(fresh.vit if name == "huggingface-mae" else fresh, f"{folder}/export.safetensors")
        with torch.no_grad():
            pixels = torch.from_numpy(images)
            found = (fresh(pixels) if name in TIMM else layout_goldens.compute(fresh, pixels)).numpy()
    difference = np.abs(found - expected).reshape(IMAGES, -1).max(1) / np.abs(expected).max()
    return (difference > LIMIT).mean(), difference.max(), np.median(difference)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mgrq")
    parser.add_argument("--only", default="", help="a regular expression of names")
    parser.add_argument("--bits", type=int, default=4)
    options = parser.parse_args()
    mgrq = str(pathlib.Path(options.mgrq).resolve())
    torch.set_num_threads(1)
    failures = 0
    print("| model | images that differ | largest difference | median |\n| --- | --- | --- | --- |")
    for name in [*layout_goldens.MODELS, *TIMM]:
        if not re.search(options.only, name):
            continue
        try:
            share, largest, median = case(mgrq, name, options.bits)
            failures += share > SHARE or name in REFUSED
            print(f"| {name} | {share:.0%} | {largest:.1e} | {median:.1e} |", flush=True)
        except (RuntimeError, ValueError) as error:
            failures += name not in REFUSED
            print(f"| {name} | {error} |", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
