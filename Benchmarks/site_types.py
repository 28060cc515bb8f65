#!/usr/bin/env python3
"""Says which sites cost most: each kind quantized alone, or each group left in full precision while the rest is quantized.

    swift build -c release --product mgrq
    python3 Benchmarks/site_types.py --model FOLDER [--bits 3] [--preset ridge] [--images 512] [PATTERN…]
    python3 Benchmarks/site_types.py --model FOLDER --free [--bits 3] [--preset ridge] [--work FOLDER]

A folder has `calibration` and `evaluation` beside the checkpoint; `sample:NAME` has its own images. The first form prints
a row of KL and top-1 for each pattern of site names, or for every kind that a ViT has. The second prints W3A3, W16A3,
W3A16 and, for each group of activations, the model with that group in full precision, with paired intervals of KL
against W3A3 over the evaluation images. With --work, finished runs are kept there and not repeated.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

from models import flags

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINDS = ["patch_embed.proj.weight", "*.attn.qkv.weight", "*.attn.proj.weight", "*.mlp.fc1.weight", "*.mlp.fc2.weight",
         "head.weight", "*.attn.qkv.input", "*.attn.q", "*.attn.k", "*.attn.v", "*.attn.softmax", "*.attn.proj.input",
         "*.mlp.fc1.input", "*.mlp.fc2.input", "head.input"]
GROUPS = {
    "inputs of qkv and fc1": ["*.attn.qkv.input", "*.mlp.fc1.input"],
    "inputs of fc2": ["*.mlp.fc2.input"],
    "inputs of proj": ["*.attn.proj.input"],
    "queries, keys, values, attention map": ["*.attn.q", "*.attn.k", "*.attn.v", "*.attn.softmax"],
    "queries and keys": ["*.attn.q", "*.attn.k"],
    "attention map": ["*.attn.softmax"],
    "values": ["*.attn.v"],
    "inputs of qkv": ["*.attn.qkv.input"],
    "inputs of fc1": ["*.mlp.fc1.input"],
    "input of the head": ["head.input"],
}


def run(args, bits, sites, folder):
    """Runs the preset at bits (of weights, of activations) with other bits for some sites, and returns the folder."""
    output = folder / ("w{}a{}".format(*bits) + "".join(f",{pattern}={width}" for pattern, width in sites).replace("*", ""))
    if not (output / "report.json").exists():
        command = [args.mgrq, "run", *flags(args.model, args.evaluation), "--preset", args.preset, "--held-out", "0",
                   "--weight-bits", str(bits[0]), "--activation-bits", str(bits[1]), "--set", f"calibration_images={args.images}",
                   "--threads", str(args.threads), "--seed", "1", "--output", str(output)]
        for change in args.changes:
            command += ["--set", change]
        for pattern, width in sites:
            command += ["--site", f"{pattern}={width}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return output


def divergences(output):
    """KL of every evaluation image, in order."""
    return json.loads((output / "predictions.json").read_text())["kl"]


def alone(args, folder):
    """Prints a row for each pattern of sites that is quantized alone."""
    print(f"| site at {args.bits} bits | KL, nats | top-1 % |\n| --- | --- | --- |")
    for pattern in args.patterns or KINDS:
        output = run(args, (16, 16), [(pattern, args.bits)], folder)
        final = json.loads((output / "report.json").read_text())["final"]
        print(f"| `{pattern}` | {final['kl']:.4f} | {final['top1']:.1f} |", flush=True)


def free(args, folder):
    """Prints a row for each group of sites that is left in full precision."""
    bits = args.bits
    rows = [(f"W{bits}A{bits}", (bits, bits), []), (f"W16A{bits}", (16, bits), []), (f"W{bits}A16", (bits, 16), [])]
    rows += [(name, (bits, bits), [(site, 16) for site in sites]) for name, sites in GROUPS.items()]
    print("| in full precision | KL, nats | against all quantized | 95 % interval | top-1 % |\n| --- | --- | --- | --- | --- |")
    reference = None
    for name, width, sites in rows:
        output = run(args, width, sites, folder)
        final, each = json.loads((output / "report.json").read_text())["final"], divergences(output)
        reference = reference or each
        difference = [a - b for a, b in zip(each, reference, strict=True)]
        mean, base = statistics.fmean(difference), statistics.fmean(reference)
        margin = 1.96 * statistics.stdev(difference) / len(difference) ** 0.5
        change = "–" if each is reference else f"{100 * mean / base:+.0f} %"
        interval = "–" if each is reference else f"{100 * (mean - margin) / base:+.0f} … {100 * (mean + margin) / base:+.0f} %"
        print(f"| {name} | {final['kl']:.4f} | {change} | {interval} | {final['top1']:.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*")
    parser.add_argument("--model", required=True)
    parser.add_argument("--free", action="store_true", help="leave groups in full precision, and quantize the rest")
    parser.add_argument("--preset", default="ridge")
    parser.add_argument("--bits", type=int, default=3)
    parser.add_argument("--images", type=int, default=512, help="calibration images")
    parser.add_argument("--evaluation", help="evaluation images, else those beside the checkpoint")
    parser.add_argument("--set", action="append", default=[], dest="changes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=pathlib.Path, help="where runs are kept")
    parser.add_argument("--mgrq", default=str(ROOT / ".build/release/mgrq"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        (free if args.free else alone)(args, args.work or pathlib.Path(temporary))


if __name__ == "__main__":
    main()
