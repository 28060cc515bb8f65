#!/usr/bin/env python3
"""Evaluates the samples' runs on the test images that are not bundled, and adds a table to docs/results.md.

    swift build -c release
    python3 Benchmarks/results.py --work FOLDER --only fashion-swin
    python3 Benchmarks/tuning_images.py --output tuning.safetensors
    python3 Benchmarks/other_images.py --work FOLDER --images tuning.safetensors [--only fashion-swin] [--bits 8/8,6/6]

The 1,000 evaluation images tell recipes apart no better than by a point; these are nine times as many. Defaults were
chosen by them, on the ViT, so that its table is a check of what the first one says and no result of its own.
Nothing is quantized: runs are those that Benchmarks/results.py left in the work folder. What was measured is kept in
other-images.json there, by run, and not measured again; rows of runs that are not in the work folder stay as they are.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import results

HEAD = ["| bits | recipe | seeds | top-1 % | lost points | KL, nats | agreement % |",
        "| --- | --- | --- | --- | --- | --- | --- |"]
# What the titles of its tables begin with.
PREFIX = "9,000 other test images: "


def evaluated(args, reference):
    """What `mgrq evaluate` says of a run or a checkpoint."""
    done = subprocess.run([args.mgrq, "evaluate", reference, "--data", str(args.images), "--threads", str(args.threads),
                           "--json"], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"other_images: {reference}: mgrq evaluate ended with {done.returncode}")
    return json.loads(done.stdout)


def spread(values, digits):
    """Mean ± sample standard deviation."""
    mean = f"{statistics.fmean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def row(bits, recipe, full, runs):
    """One line of the table."""
    top1 = [run["top1"] for run in runs]
    kl = [run["kl"] for run in runs]
    cells = [results.label(bits), recipe, str(len(runs)), spread(top1, 2), f"{full - statistics.fmean(top1):.2f}",
             spread(kl, 4 if statistics.fmean(kl) >= 0.001 else 6), spread([run["agreement"] for run in runs], 2)]
    return "| " + " | ".join(cells) + " |"


def folders(work, sample, bits, recipe):
    """The runs of a recipe, as `mgrq compare` names their directories."""
    name = "".join(letter if letter.isalnum() else "-" for letter in recipe)
    return sorted((work / sample).glob(f"{results.label(bits).lower()}-{name}-seed[0-9]*"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--images", type=pathlib.Path, required=True)
    parser.add_argument("--only", help="sample models to evaluate")
    parser.add_argument("--bits", help="widths to evaluate, such as 8/8,6/6")
    parser.add_argument("--recipes", help="recipes to evaluate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--mgrq", default=str(results.ROOT / ".build" / "release" / "mgrq"))
    args = parser.parse_args()
    samples = results.chosen(args.only, results.SAMPLES, "sample model")
    widths = results.chosen(args.bits, results.WIDTHS, "width")
    recipes = results.chosen(args.recipes, results.EVERY_RECIPE, "recipe")
    kept = args.work / "other-images.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}

    def measured(key, reference):
        if key not in known:
            known[key] = evaluated(args, reference)
            kept.write_text(json.dumps(known, indent=1) + "\n")
        return known[key]

    rows = {title.removeprefix(PREFIX): found for title, found in results.known_rows(HEAD).items()
            if title.startswith(PREFIX)}
    for sample in samples:
        for bits in widths:
            for recipe in recipes:
                runs = folders(args.work, sample, bits, recipe)
                if not runs:
                    continue
                full = measured(sample, f"sample:{sample}")["top1"]
                found = [measured(f"{sample}/{run.name}", str(run)) for run in runs]
                rows.setdefault(sample, {})[results.label(bits), recipe] = row(bits, recipe, full, found)
    body = [""]
    for sample in results.SAMPLES:
        keys = [(results.label(bits), recipe) for bits in results.WIDTHS for recipe in results.EVERY_RECIPE]
        lines = [rows[sample][key] for key in keys if key in rows.get(sample, {})]
        if lines:
            body += [f"## {PREFIX}{sample}", "", *HEAD, *lines, ""]
    results.replace_between(results.RESULTS, "other-images", body)


if __name__ == "__main__":
    main()
