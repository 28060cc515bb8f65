#!/usr/bin/env python3
"""Measures the presets on the sample ViT and prints the README's table as Markdown.

    swift build -c release
    python3 Benchmarks/accuracy_table.py --work FOLDER [--threads 2]

Every run keeps its directory in the work folder; a run that is there already is not made again, so the
command can be interrupted and repeated.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# bits of weights and activations, name, flags, seeds
ROWS = [
    (8, 8, "calibrate", ["--preset", "calibrate"], [1]),
    (4, 4, "calibrate", ["--preset", "calibrate"], [1, 2, 3]),
    (4, 4, "mgrq", ["--preset", "mgrq"], [1, 2, 3]),
    (3, 3, "calibrate", ["--preset", "calibrate"], [1, 2, 3]),
    (3, 3, "block term only", ["--preset", "mgrq", "--set", "global_weight=0", "--set", "local_weight=0"], [1, 2, 3]),
    (3, 3, "mgrq", ["--preset", "mgrq"], [1, 2, 3]),
]


def measure(args, weight_bits, activation_bits, name, flags, seed):
    """One run's report, from its directory if it is complete, else made now."""
    folder = args.work / f"w{weight_bits}a{activation_bits}-{name.replace(' ', '-')}-seed{seed}"
    report = folder / "report.json"
    if not report.exists():
        shutil.rmtree(folder, ignore_errors=True)
        command = [args.mgrq, "run", "--model", "sample:fashion-vit", *flags, "--weight-bits", str(weight_bits),
                   "--activation-bits", str(activation_bits), "--seed", str(seed), "--threads", str(args.threads),
                   "--output", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return json.loads(report.read_text())


def spread(values, digits):
    """Mean ± standard deviation, or the one value."""
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--mgrq", default=str(ROOT / ".build" / "release" / "mgrq"))
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    print("| bits | recipe | seeds | top-1 % | loss, points | KL, nats | agreement % | size, MB | time, s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for weight_bits, activation_bits, name, flags, seeds in ROWS:
        reports = [measure(args, weight_bits, activation_bits, name, flags, seed) for seed in seeds]
        final = [report["final"] for report in reports]
        full = reports[0]["full_precision"]["top1"]
        print(f"| W{weight_bits}A{activation_bits} | {name} | {len(seeds)} "
              f"| {spread([f['top1'] for f in final], 2)} | {spread([full - f['top1'] for f in final], 2)} "
              f"| {spread([f['kl'] for f in final], 4)} | {spread([f['agreement'] for f in final], 2)} "
              f"| {reports[0]['bytes'] / 1e6:.2f} | {spread([r['seconds'] for r in reports], 0)} |", flush=True)
    print(f"\nFull precision: top-1 {full:.2f} %, {reports[0]['full_precision_bytes'] / 1e6:.2f} MB.")


if __name__ == "__main__":
    main()
