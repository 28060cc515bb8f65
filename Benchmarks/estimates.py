#!/usr/bin/env python3
"""Compares what `mgrq run --dry-run` says with what the runs then take.

    estimates.py TOOL [MODEL CALIBRATION EVALUATION]

Prints one row per run of the bundled models, and of another model if one is named: seconds before the first unit, in
the units, in all, and the greatest memory, each estimated and measured.
"""
import json
import os
import subprocess
import sys
import tempfile

tool, other = sys.argv[1], sys.argv[2:]
cases = [
    ("ViT, mgrq", ["--model", "sample:fashion-vit"]),
    ("ViT, calibrate", ["--model", "sample:fashion-vit", "--preset", "calibrate"]),
    ("ViT, qdrop, 100 steps", ["--model", "sample:fashion-vit", "--preset", "qdrop", "--steps", "100"]),
    ("ViT, glf, 50 steps", ["--model", "sample:fashion-vit", "--preset", "glf", "--steps", "50"]),
    ("Swin, mgrq, 50 steps", ["--model", "sample:fashion-swin", "--steps", "50"]),
]
if other:
    model, calibration, evaluation = other
    flags = ["--model", model, "--calibration", calibration, "--evaluation", evaluation]
    cases.append(("named, mgrq, 20 steps", flags + ["--steps", "20"]))

print("| run | before units, s | units, s | all, s | memory, MB |")
print("| --- | --- | --- | --- | --- |")
with tempfile.TemporaryDirectory() as folder:
    for number, (name, flags) in enumerate(cases):
        said = json.loads(subprocess.run(
            [tool, "run", *flags, "--dry-run", "--json"], capture_output=True, text=True, check=True).stdout)
        process = subprocess.Popen(
            [tool, "run", *flags, "--json", "--output", f"{folder}/{number}"], stdout=subprocess.PIPE, text=True)
        events = [json.loads(line) for line in process.stdout]
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{name}: the run ended with status {status}")
        first = next(e["time"] for e in events if e["event"] == "unit_started")
        units = sum(e["seconds"] for e in events if e["event"] == "unit_finished")
        pairs = [
            (said["preparation_seconds"], first, 1), (sum(sum(unit.values()) for unit in said["units"]), units, 1),
            (said["seconds"], events[-1]["time"], 1), (said["bytes"] / 1e6, usage.ru_maxrss * 1024 / 1e6, 0),
        ]
        cells = [f"{said:.{digits}f} → {found:.{digits}f}" for said, found, digits in pairs]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
