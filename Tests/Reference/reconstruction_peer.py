#!/usr/bin/env python3
"""Times reconstruction steps of a random ViT block in PyTorch, for Benchmarks/iteration.py.

    pip install numpy==2.4.6 torch==2.13.0+cpu
    python3 Tests/Reference/reconstruction_peer.py --dim 128 --depth 6 --heads 4 --side 8

The step is that of reconstruction_step.py, which the goldens of ReconstructionTests were made with, in float32. The
middle block of a random model with `side` × `side` patches and a class token is reconstructed at W4A4: weights per
row, inputs per tensor, attention operands per head, attention maps by powers of √2. A step draws a batch from cached
activations, runs the quantized block, the frozen blocks downstream for the global term and the full-precision block for
the local terms, carries gradients back and lets Adam move roundings (or weights and biases) and scales; no step probes
gradient norms. Prints one JSON object: `ms_per_iter` is the median of the steps after the first three.
"""
import argparse
import json
import pathlib
import statistics
import sys
import time
from types import SimpleNamespace

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

try:
    import torch
except ImportError:
    sys.exit("the peer needs PyTorch: pip install numpy==2.4.6 torch==2.13.0+cpu")

from reconstruction_presets import PRESETS, RATES
from reconstruction_step import LAYERS, SITES, Reconstruction, Site, Suffix, block

TOP = 2 ** 4 - 1
WARM_UP = 3


def random_block(width):
    def linear(name, outputs, inputs):
        return {name + ".weight": torch.randn(outputs, inputs) * inputs ** -0.5, name + ".bias": 0.1 * torch.randn(outputs)}

    norms = {f"norm{n}.{kind}": (kind == "weight") + 0.1 * torch.randn(width) for n in (1, 2) for kind in ("weight", "bias")}
    return norms | linear("qkv", 3 * width, width) | linear("proj", width, width) | linear(
        "fc1", 4 * width, width) | linear("fc2", width, 4 * width)


def affine(low, high):
    scale = (high - low) / TOP
    return scale, torch.round(-low / scale)


def calibrated_site(name, x):
    rows = x.transpose(0, 1).flatten(1) if name in ("q", "k", "v", "attention") else x.reshape(1, -1)
    if name == "attention":
        return Site("log_sqrt2", TOP, rows.amax(1))
    return Site("uniform", TOP, *affine(rows.amin(1), rows.amax(1)))


def make_task(args):
    torch.manual_seed(1)
    blocks = [random_block(args.dim) for _ in range(args.depth)]
    head = {"norm.weight": torch.ones(args.dim), "norm.bias": torch.zeros(args.dim),
            "head.weight": torch.randn(args.classes, args.dim) * args.dim ** -0.5, "head.bias": torch.zeros(args.classes)}
    index = args.depth // 2
    suffix = Suffix(blocks[index + 1:], head, args.heads, "gelu")
    inputs = torch.randn(args.images, args.side ** 2 + 1, args.dim)
    prefix = inputs + 0.05 * torch.randn_like(inputs)
    sites, weights = {}, {}

    def calibrate(name, value):
        sites[name] = calibrated_site(name, value)
        return value

    with torch.no_grad():
        block(prefix[:args.batch], blocks[index], args.heads, "gelu", calibrate)
        target = block(inputs, blocks[index], args.heads, "gelu")[0]
        logits, features = suffix(target)
        for name in LAYERS:
            w = blocks[index][name + ".weight"]
            weights[name] = affine(w.amin(1), w.amax(1))
    return SimpleNamespace(
        unit=f"blocks.{index}", heads=args.heads, activation="gelu", full_precision=blocks[index], state=blocks[index],
        weight_scales={n: s for n, (s, _) in weights.items()}, weight_zero_points={n: z for n, (_, z) in weights.items()},
        weight_top=TOP, sites={n: sites[n] for n in SITES}, prefix_input=prefix, input=inputs, target=target,
        logits=logits, features=features, suffix=suffix)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in [("dim", 128), ("depth", 6), ("heads", 4), ("side", 8), ("classes", 10), ("batch", 32),
                          ("images", 128), ("steps", 40), ("threads", 2)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--losses", default="block,global,local")
    parser.add_argument("--rounding", default="adaround", choices=["ste", "adaround"])
    args = parser.parse_args()
    if args.steps <= WARM_UP:
        parser.error(f"the first {WARM_UP} steps are not timed; --steps must be larger")
    torch.set_num_threads(args.threads)
    losses = args.losses.split(",")
    settings = SimpleNamespace(**(PRESETS["mgrq"] | RATES | dict(
        rounding=args.rounding, global_share=1, global_weight=1 if "global" in losses else 0,
        local_weight=0.5 if "local" in losses else 0, steps=args.steps, batch=args.batch, seed=1)))
    learner = Reconstruction(make_task(args), settings)
    times = []
    for _ in range(args.steps):
        start = time.perf_counter()
        learner.step(probes=False)
        times.append((time.perf_counter() - start) * 1000)
    print(json.dumps({"ms_per_iter": statistics.median(times[WARM_UP:]), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
