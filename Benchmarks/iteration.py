#!/usr/bin/env python3
"""Times one reconstruction step of a random ViT block, alone or in pairs with another program.

    swift build -c release
    python3 Benchmarks/iteration.py --dim 128 --depth 6 --heads 4 --side 8
    python3 Benchmarks/iteration.py --dim 128 --depth 6 --heads 4 --side 8 --peer 'python3 PEER.py … --json'

The middle block of a random model with `side` × `side` patches and a class token is reconstructed for some steps;
the time of a step is the median of differences between the journal's times, probed steps left out. A peer is a
command that prints one JSON object with `ms_per_iter` for the same shape, batch and losses; the two take turns, and
the ratio peer ∕ mgrq is given for every round.
"""
import argparse
import json
import pathlib
import random
import shlex
import statistics
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def write_safetensors(path, tensors):
    """Writes (name, type, shape, bytes) tuples."""
    header, offset = {}, 0
    for name, kind, shape, data in tensors:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data for *_, data in tensors))


def make_model(folder, args):
    """A random checkpoint and random images."""
    noise = random.Random(1)

    def floats(name, shape, scale, shift=0.0):
        count = 1
        for extent in shape:
            count *= extent
        values = [shift + scale * noise.uniform(-1.7, 1.7) for _ in range(count)]
        return name, "F32", shape, struct.pack(f"<{count}f", *values)

    width, hidden, tokens = args.dim, 4 * args.dim, args.side * args.side + 1
    tensors = [floats("cls_token", [1, 1, width], 0.5), floats("pos_embed", [1, tokens, width], 0.5),
               floats("patch_embed.proj.weight", [width, 1, 2, 2], 0.5), floats("patch_embed.proj.bias", [width], 0.1)]
    for block in range(args.depth):
        def layer(name, outputs, inputs):
            tensors.append(floats(f"blocks.{block}.{name}.weight", [outputs, inputs], inputs ** -0.5))
            tensors.append(floats(f"blocks.{block}.{name}.bias", [outputs], 0.1))
        for norm in ("norm1", "norm2"):
            tensors.append(floats(f"blocks.{block}.{norm}.weight", [width], 0.1, 1.0))
            tensors.append(floats(f"blocks.{block}.{norm}.bias", [width], 0.1))
        layer("attn.qkv", 3 * width, width)
        layer("attn.proj", width, width)
        layer("mlp.fc1", hidden, width)
        layer("mlp.fc2", width, hidden)
    tensors += [floats("norm.weight", [width], 0.1, 1.0), floats("norm.bias", [width], 0.1),
                floats("head.weight", [args.classes, width], width ** -0.5), floats("head.bias", [args.classes], 0.1)]
    write_safetensors(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps({"model_args": {"num_heads": args.heads}}))
    pixels = bytes(noise.randrange(256) for _ in range(args.images * (2 * args.side) ** 2))
    write_safetensors(folder / "images.safetensors",
                      [("images", "U8", [args.images, 1, 2 * args.side, 2 * args.side], pixels)])


def own_time(folder, args, number):
    """Milliseconds of one step."""
    losses = args.losses.split(",")
    plan = f"""schema: 1
model: {folder}
calibration: {folder}/images.safetensors
preset: mgrq
steps: 0
batch: {args.batch}
rounding: {args.rounding}
global_weight: {1 if "global" in losses else 0}
local_weight: {0.5 if "local" in losses else 0}
units:
  - match: blocks.{args.depth // 2}
    set: {{steps: {args.steps}}}
"""
    (folder / "plan.yaml").write_text(plan)
    output = folder / f"run{number}"
    done = subprocess.run([args.mgrq, "run", str(folder / "plan.yaml"), "--threads", str(args.threads), "--output",
                           str(output)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip().splitlines()[-1])
    times, probed = [], set()
    for line in (output / "journal.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry.get("event") == "stepped":
            times.append((entry["step"], entry["time"]))
            if entry.get("gradient_norms") is not None:
                probed.add(entry["step"])
    gaps = [(b - a) * 1000 for (i, a), (j, b) in zip(times, times[1:]) if j == i + 1 and j not in probed]
    return statistics.median(gaps)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in [("dim", 128), ("depth", 6), ("heads", 4), ("side", 8), ("classes", 10), ("batch", 32),
                          ("images", 128), ("steps", 60), ("threads", 2), ("rounds", 3)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--losses", default="block,global,local")
    parser.add_argument("--rounding", default="adaround", choices=["ste", "adaround"])
    parser.add_argument("--peer", help="a command that prints a JSON object with ms_per_iter")
    parser.add_argument("--mgrq", default=str(ROOT / ".build" / "release" / "mgrq"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_model(folder, args)
        ratios = []
        for number in range(args.rounds):
            own = own_time(folder, args, number)
            line = f"round {number + 1}: mgrq {own:.1f} ms"
            if args.peer:
                done = subprocess.run(shlex.split(args.peer), capture_output=True, text=True)
                if done.returncode != 0:
                    sys.exit(done.stderr)
                peer = json.loads(done.stdout.strip().splitlines()[-1])["ms_per_iter"]
                ratios.append(peer / own)
                line += f", peer {peer:.1f} ms, peer ∕ mgrq {peer / own:.2f}"
            print(line, flush=True)
        if ratios:
            print(f"median of peer ∕ mgrq: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
