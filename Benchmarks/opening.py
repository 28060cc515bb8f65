#!/usr/bin/env python3
"""Says how long a checkpoint of 4 GB takes to open and to load, and the memory that is resident at most.

    swift build -c release --product mgrq
    python3 Benchmarks/opening.py                         # 4 GB of F16: mgrq inspect, then mgrq evaluate
    python3 Benchmarks/opening.py --gigabytes 1 --type F32

The checkpoint is a ViT by timm's names whose weights are all zero: a file with holes, which takes no room on a disk.
It is removed at the end. `mgrq inspect` reads no weight. `mgrq evaluate` on one small image has to have them all: in
32-bit floats, once, as they are packed for products; what it holds beyond that is said too.
"""
import argparse
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from random_model import write_images

ROOT = pathlib.Path(__file__).resolve().parent.parent
WIDTH, PATCH, SIDE, CLASSES = 2048, 14, 2, 10
BYTES = {"F32": 4, "F16": 2, "BF16": 2}


def shapes(depth):
    hidden = 4 * WIDTH
    result = {"cls_token": [1, 1, WIDTH], "pos_embed": [1, SIDE * SIDE + 1, WIDTH],
              "patch_embed.proj.weight": [WIDTH, 3, PATCH, PATCH], "patch_embed.proj.bias": [WIDTH],
              "norm.weight": [WIDTH], "norm.bias": [WIDTH], "head.weight": [CLASSES, WIDTH], "head.bias": [CLASSES]}
    for block in range(depth):
        for name, shape in (("norm1", [WIDTH]), ("attn.qkv", [3 * WIDTH, WIDTH]), ("attn.proj", [WIDTH, WIDTH]),
                            ("norm2", [WIDTH]), ("mlp.fc1", [hidden, WIDTH]), ("mlp.fc2", [WIDTH, hidden])):
            result[f"blocks.{block}.{name}.weight"] = shape
            result[f"blocks.{block}.{name}.bias"] = shape[:1]
    return result


def write_checkpoint(folder, gigabytes, kind):
    """Writes the checkpoint and returns the number of its parameters."""
    depth = round(gigabytes * 1e9 / BYTES[kind] / (12 * WIDTH * WIDTH))
    header, offset = {}, 0
    for name, shape in shapes(depth).items():
        count = 1
        for extent in shape:
            count *= extent
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + count * BYTES[kind]]}
        offset += count * BYTES[kind]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + offset)
    (folder / "config.json").write_text(json.dumps({"model_args": {"img_size": PATCH * SIDE, "num_heads": 32}}))
    return offset // BYTES[kind]


def measure(command):
    """Runs a command; the seconds it took and the most memory that was resident, in bytes."""
    began = time.perf_counter()
    # A process of its own, whose only child is the command: the greatest of children is kept for ever.
    script = ("import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); "
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)")
    done = subprocess.run([sys.executable, "-c", script, *command], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    return time.perf_counter() - began, int(done.stdout) * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=4)
    parser.add_argument("--type", choices=sorted(BYTES), default="F16")
    parser.add_argument("--rounds", type=int, default=3, help="how often the checkpoint is opened")
    parser.add_argument("--only-open", action="store_true", help="do not load the weights")
    parser.add_argument("--mgrq", default=str(ROOT / ".build" / "release" / "mgrq"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        parameters = write_checkpoint(folder, args.gigabytes, args.type)
        size = (folder / "model.safetensors").stat().st_size
        print(f"{size * 1e-9:.2f} GB, {parameters * 1e-9:.2f} billion parameters as {args.type}")
        for _ in range(args.rounds):
            seconds, memory = measure([args.mgrq, "inspect", str(folder)])
            print(f"mgrq inspect   {seconds:6.2f} s, at most {memory * 1e-6:.0f} MB resident", flush=True)
        if args.only_open:
            return
        write_images(folder / "image.safetensors", 1, SIDE, 3, PATCH)
        seconds, memory = measure([args.mgrq, "evaluate", str(folder), "--data", str(folder / "image.safetensors")])
        print(f"mgrq evaluate  {seconds:6.2f} s, at most {memory * 1e-9:.2f} GB resident, "
              f"{memory / parameters / 4:.2f} times the parameters in 32-bit floats")


if __name__ == "__main__":
    main()
