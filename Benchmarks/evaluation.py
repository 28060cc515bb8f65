#!/usr/bin/env python3
"""Measures which share of a thread's peak the evaluation of a random ViT reaches.

    swift build -c release
    python3 Benchmarks/evaluation.py                      # ViT-S/16 at 224 × 224 pixels
    python3 Benchmarks/evaluation.py --width 192 --heads 3

Two calls of `mgrq evaluate` differ only in the number of images, so that the difference of their processor times is
that of the images alone: normalisation, all passes, metrics. The peak is what `mgrq machine` measures right before.
Processor time is used because others may use the machine; it counts every thread.
"""
import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from random_model import write_images, write_model

ROOT = pathlib.Path(__file__).resolve().parent.parent


def operations(args):
    """Multiply-adds of one image, counted twice; of the last block only the class token goes on."""
    tokens, width = args.side * args.side + 1, args.dim
    per_token = 2 * width * width

    def block(outputs):
        return (tokens * 3 + outputs) * per_token + outputs * 8 * per_token + 4 * outputs * tokens * width
    stem = 2 * (tokens - 1) * width * 3 * args.patch * args.patch
    return stem + (args.depth - 1) * block(tokens) + block(1) + 2 * width * args.classes


def processor_time(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dim", "--width", dest="dim", type=int, default=384)
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--depth", type=int, default=12)
    parser.add_argument("--side", type=int, default=14, help="patches along a side")
    parser.add_argument("--patch", type=int, default=16)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--mgrq", default=str(ROOT / ".build" / "release" / "mgrq"))
    args = parser.parse_args()
    few = args.images // 4
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_model(folder, args.dim, args.depth, args.heads, args.side, args.classes, 3, args.patch)
        names = {count: folder / f"images-{count}.safetensors" for count in (few, args.images)}
        for count, name in names.items():
            write_images(name, count, args.side, 3, args.patch)
        shares = []
        for _ in range(args.rounds):
            peak = json.loads(subprocess.run([args.mgrq, "machine", "--json"], capture_output=True, text=True,
                                             check=True).stdout)["peak_gflops"]
            times = {count: processor_time([args.mgrq, "evaluate", str(folder), "--data", str(name), "--threads",
                                            str(args.threads)]) for count, name in names.items()}
            seconds = (times[args.images] - times[few]) / (args.images - few)
            shares.append(operations(args) / seconds * 1e-9 / peak)
            print(f"{1e3 * seconds:8.2f} ms of processor time an image, {100 * shares[-1]:5.1f} % of "
                  f"{peak:.0f} GFLOP/s", flush=True)
    print(f"median {100 * statistics.median(shares):.1f} % of a thread's peak, "
          f"{operations(args) * 1e-9:.2f} GFLOP an image")


if __name__ == "__main__":
    main()
