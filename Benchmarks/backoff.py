#!/usr/bin/env python3
"""Says which units of default runs are put back, and what lowering the rates of units that get worse does.

    backoff.py TOOL [--bits 44,33] [--models fashion-vit,fashion-deit,fashion-swin] [--set KEY=VALUE …]

Runs the preset mgrq with seed 1 and prints a line for every run: KL of the model on the evaluation images, the units
whose rates were lowered (and how often), those that keep their calibrated state, those that were put back, and for stem
and head the block loss divided by that of the calibrated unit. `--set` changes hyperparameters, such as `backoffs=0`.
A model is a sample, or the folder of a checkpoint with `calibration` and `evaluation` inside.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

from models import flags


def run(tool, model, bits, settings, output):
    """Runs a plan and returns its journal's events."""
    command = [tool, "run", *flags(model), "--preset", "mgrq", "--seed", "1", "--weight-bits", bits[0],
               "--activation-bits", bits[1], "--output", str(output)]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip().splitlines()[-1])
    return [json.loads(line) for line in (output / "journal.jsonl").read_text().splitlines()]


def row(model, bits, events):
    """The cells of a run."""
    names = [unit["name"] for unit in events[0]["units"]]
    lowered = collections.Counter(
        names[event["unit"]] for event in events if event.get("event") == "rate_lowered" and event["factor"] is not None)
    ended = {names[event["unit"]] for event in events
             if event.get("event") == "rate_lowered" and event["factor"] is None}
    reports = [event for event in events if event.get("event") == "unit_finished"]
    final = next(event for event in events if event.get("event") == "finished")["final"]

    def ratio(report):
        return f"{report['final_loss'] / report['calibrated_loss']:.3f}" if report["calibrated_loss"] > 0 else "–"

    def text(words):
        return ", ".join(words) or "–"

    back = [report["name"] for report in reports if report["reverted"]]
    kept = [report["name"] for report in reports
            if not report["reverted"] and report["final_loss"] == report["calibrated_loss"]]
    return [pathlib.Path(model).name, f"W{bits[0]}A{bits[1]}", f"{final['kl']:.5f}",
            text(f"{name} {count}×" + (", ended" if name in ended else "") for name, count in lowered.items()),
            text(kept), text(back), ratio(reports[0]), ratio(reports[-1])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("--models", default="fashion-vit,fashion-deit,fashion-swin")
    parser.add_argument("--bits", default="44,33", help="pairs of weight and activation bits")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE")
    args = parser.parse_args()
    print("| model | bits | KL, nats | rates lowered | as calibrated | put back | stem | head |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for model in args.models.split(","):
        for bits in args.bits.split(","):
            with tempfile.TemporaryDirectory() as folder:
                events = run(args.tool, model, bits, args.settings, pathlib.Path(folder) / "run")
                print(f"| {' | '.join(row(model, bits, events))} |", flush=True)


if __name__ == "__main__":
    main()
