#!/usr/bin/env python3
"""Quantizes one kind of site at a time, everything else in full precision, and says what that does to the model.

    swift build -c release --product mgrq
    python3 Benchmarks/site_types.py --model FOLDER [--bits 3] [--preset ridge] [--images 256] [--set KEY=VALUE]… [PATTERN…]

A folder has `calibration` and `evaluation` beside the checkpoint; `sample:NAME` has its own images. Prints a row of KL and
top-1 for each pattern of site names; without any, for every kind that a ViT has.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINDS = ["patch_embed.proj.weight", "*.attn.qkv.weight", "*.attn.proj.weight", "*.mlp.fc1.weight", "*.mlp.fc2.weight",
         "head.weight", "*.attn.qkv.input", "*.attn.q", "*.attn.k", "*.attn.v", "*.attn.softmax", "*.attn.proj.input",
         "*.mlp.fc1.input", "*.mlp.fc2.input", "head.input"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", default=KINDS)
    parser.add_argument("--model", required=True)
    parser.add_argument("--preset", default="ridge")
    parser.add_argument("--bits", type=int, default=3)
    parser.add_argument("--images", type=int, default=256, help="calibration images")
    parser.add_argument("--set", action="append", default=[], dest="changes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--mgrq", default=str(ROOT / ".build/release/mgrq"))
    args = parser.parse_args()
    print(f"| site at {args.bits} bits | KL, nats | top-1 % |\n| --- | --- | --- |")
    for pattern in args.patterns:
        command = [args.mgrq, "run", "--model", args.model, "--preset", args.preset, "--held-out", "0",
                   "--weight-bits", "16", "--activation-bits", "16", "--site", f"{pattern}={args.bits}",
                   "--set", f"calibration_images={args.images}", "--threads", str(args.threads)]
        if not args.model.startswith("sample:"):
            command += ["--calibration", f"{args.model}/calibration", "--evaluation", f"{args.model}/evaluation"]
        for change in args.changes:
            command += ["--set", change]
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(command + ["--output", f"{folder}/run"], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            final = json.loads(pathlib.Path(f"{folder}/run/report.json").read_text())["final"]
        print(f"| `{pattern}` | {final['kl']:.4f} | {final['top1']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
