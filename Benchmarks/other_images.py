#!/usr/bin/env python3
"""Evaluates the samples' runs on the test images that are not bundled, and prints their tables in docs/results.md.

    swift build -c release
    python3 Benchmarks/results.py --work FOLDER --only fashion-swin
    python3 Benchmarks/tuning_images.py --output tuning.safetensors
    python3 Benchmarks/other_images.py --work FOLDER --images tuning.safetensors [--only fashion-swin] [--bits 8/8,6/6]

The 1,000 evaluation images resolve differences of about a point; there are nine times as many of these. Defaults were
chosen on them with the ViT, so the ViT's table only checks the table of the evaluation images.
Nothing is quantized: the runs are those that Benchmarks/results.py left in the work folder. Evaluations are kept there in
other-images.json, by run, and not repeated; rows of runs that are not in the work folder stay as they are.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import results


def evaluated(args, reference):
    """The evaluation of a run or a checkpoint by `mgrq evaluate`."""
    done = subprocess.run([args.mgrq, "evaluate", reference, "--data", str(args.images), "--threads", str(args.threads),
                           "--json"], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"other_images: {reference}: mgrq evaluate ended with {done.returncode}")
    return json.loads(done.stdout)


def spread(values, digits):
    """Mean and sample standard deviation, rounded."""
    numbers = [statistics.fmean(values)] + ([statistics.stdev(values)] if len(values) > 1 else [])
    return [round(number, digits) for number in numbers]


def row(bits, recipe, full, runs):
    """A row of Benchmarks/results.json."""
    top1 = [run["top1"] for run in runs]
    kl = [run["kl"] for run in runs]
    return {"bits": results.label(bits), "recipe": recipe, "seeds": len(runs), "top1": spread(top1, 2),
            "lost": round(full - statistics.fmean(top1), 2), "kl": spread(kl, results.kl_digits(statistics.fmean(kl))),
            "agreement": spread([run["agreement"] for run in runs], 2)}


def folders(work, sample, bits, recipe):
    """The run directories of a recipe, as `mgrq compare` names them."""
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

    rows = results.read()
    for sample in samples:
        for bits in widths:
            for recipe in recipes:
                runs = folders(args.work, sample, bits, recipe)
                if not runs:
                    continue
                full = measured(sample, f"sample:{sample}")["top1"]
                found = [measured(f"{sample}/{run.name}", str(run)) for run in runs]
                other = rows["other_images"].setdefault(sample, {})
                other[results.label(bits), recipe] = row(bits, recipe, full, found)
    results.write(rows)


if __name__ == "__main__":
    main()
