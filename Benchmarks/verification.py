#!/usr/bin/env python3
"""Verifies exports of every width, layout and kind of attention map, and prints what each differs by.

    verification.py TOOL [--models fashion-vit,fashion-deit,fashion-swin] [--bits 88,66,44,33] [--python PYTHON]

For each model, width and kind of levels of attention maps a run with the preset `calibrate`, without learning, is exported
to ONNX in both layouts, and `mgrq verify` runs each file. A row says how many products run in integers, the codes that
differ operator by operator and unit by unit of those compared, the worst unit's error relative to its output's root mean
square, KL of the whole beside its bound, and which checks fail. The exit code is 1 if one fails. A model is a sample, or
the folder of a checkpoint with `calibration` and `evaluation` inside; PYTHON has numpy, onnx and onnxruntime.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from models import flags

LEVELS = ["uniform", "log_sqrt2", "searched_log"]
LAYOUTS = ["fast", "compact"]
# The exit code of `mgrq verify` for a file that is not the run.
DIFFERS = 65
COLUMNS = ["model", "bits", "attention map", "layout", "MB", "integer products", "operator codes", "unit codes",
           "unit values", "KL", "bound of KL", "verdict"]


def call(*command, allowed=(0,)):
    """The standard output of a command that ends with an allowed code."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode not in allowed:
        sys.exit(f"{' '.join(map(str, command[1:3]))}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout


def row(model, bits, levels, layout, found, failing):
    """A line of the table."""
    checks = {check["name"]: check for check in found["checks"]}

    def codes(name):
        return f"{checks[name]['measured']:.0f} of {checks[name]['compared']}"

    whole = checks["KL"]
    cells = [pathlib.Path(model).name, f"W{bits[0]}A{bits[1]}", levels, layout, f"{found['bytes'] / 1e6:.2f}",
             found["runtime"]["integer_products"], codes("operator codes"), codes("unit codes"),
             f"{checks['unit values']['measured']:.1e}", f"{whole['measured']:.1e}", f"{whole['bound']:.1e}",
             "fails: " + ", ".join(failing) if failing else "same"]
    return f"| {' | '.join(map(str, cells))} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("--models", default="fashion-vit,fashion-deit,fashion-swin")
    parser.add_argument("--bits", default="88,66,44,33")
    parser.add_argument("--levels", default=",".join(LEVELS))
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--images", default="128", help="calibration images")
    args = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n| {' | '.join('---' for _ in COLUMNS)} |")
    failed = False
    for model in args.models.split(","):
        for bits in args.bits.split(","):
            for levels in args.levels.split(","):
                with tempfile.TemporaryDirectory() as folder:
                    folder = pathlib.Path(folder)
                    call(args.tool, "run", *flags(model), "--preset", "calibrate", "--weight-bits", bits[0],
                         "--activation-bits", bits[1], "--set", f"attention_levels={levels}", "--set",
                         f"calibration_images={args.images}", "--held-out", "0", "--output", folder / "run")
                    for layout in LAYOUTS:
                        file = folder / f"{layout}.onnx"
                        call(args.tool, "export", folder / "run", "--format", "onnx", "--layout", layout, "--output", file)
                        found = json.loads(call(
                            args.tool, "verify", file, "--against", folder / "run", "--python", args.python,
                            "--no-latency", "--json", allowed=(0, DIFFERS)))
                        failing = [check["name"] for check in found["checks"] if not check["holds"]]
                        failed = failed or bool(failing)
                        print(row(model, bits, levels, layout, found, failing), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
