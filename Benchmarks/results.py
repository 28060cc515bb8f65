#!/usr/bin/env python3
"""Measures recipes on the sample models and on a real backbone, and prints the tables of docs/results.md and README.md.

    swift build -c release
    python3 Benchmarks/results.py --work FOLDER [--backbone FOLDER] [--tiny-imagenet FOLDER] [--threads N]
    python3 Benchmarks/results.py --work FOLDER --only fashion-vit --bits 4/4,3/3 --recipes mgrq,calibrate
    python3 Benchmarks/results.py --print
    python3 Benchmarks/results.py --check

Benchmarks/results.json holds every measured row; the tables are printed from it. --print prints them without measuring,
--check fails if a document differs from the print-out.

A backbone is a folder with a checkpoint, `calibration` and `evaluation`: `--backbone` has a head of CIFAR-10, and
`--tiny-imagenet` the same with one of Tiny-ImageNet, whose 200 classes tell recipes apart. Measuring everything takes
more than ten hours on two cores, so it can be done in parts: --only, --bits, --recipes and --seeds select what is
measured. A new row replaces the row of the same model, bits and recipe unless that one has more seeds. Every run keeps
its directory in the work folder and a finished run is not repeated, so the command can be interrupted. Runs of
`--backbone` are also kept in Benchmarks/backbone-runs.jsonl, so that seeds can be added on another machine; `mgrq
compare` refuses a kept run whose plan no longer matches its recipe.
"""
import argparse
import hashlib
import json
import pathlib
import subprocess
import sys

from models import flags

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results.md"
README = ROOT / "README.md"
# Every measured row. `evaluation_images` are the bundled ones, `other_images` those of Benchmarks/other_images.py; below
# them rows by model. `top1`, `kl` (nats), `agreement` and `seconds` are a mean and, from two seeds on, its standard
# deviation over seeds, rounded as they are printed; `lost` is points of top-1 against full precision. `calibration_kl` is
# KL on the images that were calibrated on, `processor` seconds over all threads; rows from before they were measured
# have neither.
MEASURED = ROOT / "Benchmarks" / "results.json"
# One line for each run of the backbone: its name, its plan, its report with the last unit alone, its predictions.
KEPT_RUNS = ROOT / "Benchmarks" / "backbone-runs.jsonl"
# Stands for the folder of the backbone in a kept plan.
PLACE = "BACKBONE"
COLUMNS = ["bits", "recipe", "seeds", "top-1 %", "lost points", "KL, nats", "agreement %", "size, MB", "time, s"]
# Those of a model whose rows all have them.
DIAGNOSIS = [*COLUMNS[:6], "KL, calibration", *COLUMNS[6:], "processor, s"]
# Recipes that are not presets, as `mgrq compare --variant` takes them.
VARIANTS = {
    "block only": "mgrq,global_weight=0,local_weight=0",
    "block + global": "mgrq,local_weight=0",
    "block + local": "mgrq,global_weight=0",
    "mgrq of one view": "mgrq,views=1",
    "mgrq of equal tokens": "mgrq,token_importance=0",
}
WIDTHS = ["8/8", "6/6", "4/4", "3/3", "2/4"]
RECIPES = ["calibrate", "ridge", "mgrq", "block only"]
PRESETS = ["calibrate", "ridge", "brecq", "qdrop", "pd-quant", "aphq", "fima", "glf", "mgrq"]
SAMPLES = ["fashion-vit", "fashion-deit", "fashion-swin"]
# Models that are not part of the repository, by the option that names their folder.
BACKBONES = {"backbone": "a DINOv2 ViT-S/14", "tiny-imagenet": "a DINOv2 ViT-S/14 with a head of Tiny-ImageNet"}
TERMS = ["block only", "block + global", "block + local", "mgrq"]
# Every recipe of any table, in the order of rows.
EVERY_RECIPE = [*PRESETS, *VARIANTS]
ORDER = [(f"W{bits[0]}A{bits[2]}", recipe) for bits in WIDTHS for recipe in EVERY_RECIPE]
# The README's table: rows of the backbone, and columns.
README_ROWS = [("W4A4", "calibrate"), ("W4A4", "ridge"), ("W4A4", "mgrq"), ("W3A3", "ridge"), ("W3A3", "mgrq")]
README_COLUMNS = ["bits", "recipe", "top-1 %", "KL, nats", "size, MB", "time, s"]


class Section:
    """A table of one model: each of some recipes at each of some widths."""

    def __init__(self, name, folder, title, model, bits, recipes):
        # `folder` is the model's name, and the folder of its runs below the work folder.
        self.name, self.folder, self.title, self.model = name, folder, title, model
        self.bits, self.recipes = bits, recipes

    @property
    def keys(self):
        """The bits and recipe of each row, in order."""
        return [(label(bits), recipe) for bits in self.bits for recipe in self.recipes]


def label(bits):
    """`W4A4` for `4/4`."""
    weight, activation = bits.split("/")
    return f"W{weight}A{activation}"


def sections(folders):
    """Every section; `folders` has those of backbones, None where there is none."""
    models = {sample: (f"`sample:{sample}`", f"sample:{sample}") for sample in SAMPLES}
    models |= {name: (title, str(folders.get(name))) for name, title in BACKBONES.items()}
    for name, (title, model) in models.items():
        yield Section(name, name, title[0].upper() + title[1:], model, WIDTHS, RECIPES)
    for name, (title, model) in models.items():
        if name == "fashion-vit":
            yield Section(f"ablation-{name}", name, f"Terms, views and token importance: {title}", model, ["3/3"],
                          list(VARIANTS) + ["mgrq"])
        else:
            yield Section(f"ablation-{name}", name, f"Terms: {title}", model, ["3/3"], TERMS)
    for name, (title, model) in models.items():
        yield Section(f"presets-{name}", name, f"Every preset: {title}", model, ["4/4", "3/3"], PRESETS)


def read():
    """The rows of MEASURED: by set of images, model, and bits and recipe."""
    measured = json.loads(MEASURED.read_text())
    return {images: {model: {(row["bits"], row["recipe"]): row for row in rows} for model, rows in models.items()}
            for images, models in measured.items()}


def save(measured):
    """Writes MEASURED, one row a line, in the order of tables."""
    parts = []
    for images, models in measured.items():
        lists = []
        for model, rows in models.items():
            lines = [f"   {json.dumps(rows[key])}" for key in ORDER if key in rows]
            lists.append(f"  {json.dumps(model)}: [\n" + ",\n".join(lines) + "\n  ]")
        parts.append(f" {json.dumps(images)}: {{\n" + ",\n".join(lists) + "\n }")
    MEASURED.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def kl_digits(mean):
    """A KL below 0.001 nats is printed with six digits."""
    return 4 if mean >= 0.001 else 6


def spread(values, digits):
    """Mean ± standard deviation, or the mean alone."""
    return " ± ".join(f"{value:.{digits}f}" for value in values)


def cells(row):
    """A row as text, by column."""
    texts = {"bits": row["bits"], "recipe": row["recipe"], "seeds": str(row["seeds"]),
             "top-1 %": spread(row["top1"], 2), "lost points": f"{row['lost']:.2f}",
             "KL, nats": spread(row["kl"], kl_digits(row["kl"][0])), "agreement %": spread(row["agreement"], 2)}
    if "seconds" in row:
        texts |= {"size, MB": f"{row['megabytes']:.2f}", "time, s": spread(row["seconds"], 0)}
    if "processor" in row:
        texts |= {"KL, calibration": spread(row["calibration_kl"], kl_digits(row["calibration_kl"][0])),
                  "processor, s": spread(row["processor"], 0)}
    return texts


def table(rows, columns):
    """Lines of Markdown."""
    lines = [columns, ["---"] * len(columns)] + [[cells(row)[column] for column in columns] for row in rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def relative_kl(measured):
    """Lines of Markdown: the KL of every preset divided by that of `mgrq`, by model and bits."""
    columns = [(model, f"{model} {bits}", bits) for model in [*SAMPLES, "backbone"] for bits in ("W4A4", "W3A3")]
    lines = [["recipe", *(title for _, title, _ in columns)], ["---"] * (len(columns) + 1)]
    for recipe in PRESETS:
        line = [recipe]
        for model, _, bits in columns:
            rows = measured["evaluation_images" if model == "backbone" else "other_images"][model]
            line.append(f"{rows[bits, recipe]['kl'][0] / rows[bits, 'mgrq']['kl'][0]:.2f}")
        lines.append(line)
    return [f"| {' | '.join(line)} |" for line in lines]


def kept_runs():
    """The lines of KEPT_RUNS, by the name of the run."""
    if not KEPT_RUNS.exists():
        return {}
    return {run["run"]: run for run in map(json.loads, KEPT_RUNS.read_text().splitlines())}


def write_sealed(path, members):
    """Writes JSON with the member `sha256` at its end as mgrq does, and returns that SHA-256."""
    members = {name: value for name, value in members.items() if name != "sha256"}
    head = json.dumps(members, indent=2).removesuffix("\n}")
    digest = hashlib.sha256(head.encode()).hexdigest()
    path.write_text(f'{head},\n  "sha256": "{digest}"\n}}\n')
    return digest


def restore(section, runs):
    """Copies kept runs into a section's folder: the files of a finished run that `mgrq compare` reads."""
    for name, run in kept_runs().items():
        directory = runs / name
        if directory.exists():
            continue
        directory.mkdir(parents=True)
        (directory / "plan.yaml").write_text(run["plan"].replace(PLACE, section.model))
        (directory / "journal.jsonl").touch()
        predictions = None
        if "predictions" in run:
            predictions = write_sealed(directory / "predictions.json", run["predictions"])
        write_sealed(directory / "report.json", run["report"] | {"journal": "", "predictions": predictions})


def keep(section, runs):
    """Adds finished runs of a section's folder to the kept ones."""
    kept = kept_runs()
    for path in runs.glob("*/report.json"):
        directory = path.parent
        report = json.loads(path.read_text())
        # Leave out units that no table shows; the last has the KL on calibration images.
        report["units"] = report["units"][-1:]
        plan = (directory / "plan.yaml").read_text().replace(section.model, PLACE)
        kept[directory.name] = {"run": directory.name, "plan": plan, "report": report}
        predictions = directory / "predictions.json"
        if predictions.exists():
            kept[directory.name]["predictions"] = json.loads(predictions.read_text())
    KEPT_RUNS.write_text("".join(json.dumps(kept[name], sort_keys=True, separators=(",", ":")) + "\n"
                                 for name in sorted(kept)))


def measure(args, section, bits, recipes):
    """The rows that one call of `mgrq compare` measures."""
    runs = args.work / section.folder
    command = [args.mgrq, "compare", *flags(section.model), "--bits", bits, "--seeds", args.seeds,
               "--threads", str(args.threads), "--output", str(runs), "--json"]
    presets = [recipe for recipe in recipes if recipe not in VARIANTS]
    if presets:
        command += ["--presets", ",".join(presets)]
    for recipe in recipes:
        if recipe in VARIANTS:
            command += ["--variant", f"{recipe}={VARIANTS[recipe]}"]
    if section.folder == "backbone":
        restore(section, runs)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"results: {section.name}: mgrq compare ended with {done.returncode}")
    if section.folder == "backbone":
        keep(section, runs)
    return [measured_row(row) for row in json.loads(done.stdout)["rows"]]


def rounded(value, digits):
    """A mean and a deviation that `mgrq compare --json` gives, rounded."""
    numbers = (value["mean"], value.get("deviation"))
    return [round(number, digits or None) for number in numbers if number is not None]


def measured_row(row):
    """A row of MEASURED from a row of `mgrq compare --json`."""
    return {"bits": f"W{row['weight_bits']}A{row['activation_bits']}", "recipe": row["name"], "seeds": len(row["seeds"]),
            "top1": rounded(row["top1"], 2), "lost": round(row["full_precision_top1"] - row["top1"]["mean"], 2),
            "kl": rounded(row["kl"], kl_digits(row["kl"]["mean"])), "agreement": rounded(row["agreement"], 2),
            "megabytes": round(row["bytes"] / 1e6, 2), "seconds": rounded(row["seconds"], 0)} | diagnosis(row)


def diagnosis(row):
    """What is known of a row of `mgrq compare --json` only where every run measured it."""
    calibration = row.get("calibration_kl")
    if calibration is None or row.get("processor_seconds") is None:
        return {}
    return {"calibration_kl": rounded(calibration, kl_digits(calibration["mean"])),
            "processor": rounded(row["processor_seconds"], 0)}


def replaced(text, marker, lines):
    """The text with other lines between `<!-- marker -->` and `<!-- /marker -->`."""
    start, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
    if text.count(start) != 1 or text.count(end) != 1:
        sys.exit(f"results: there is no place marked “{marker}”")
    head, rest = text.split(start)
    return head + start + "\n".join(lines) + "\n" + end + rest.split(end)[1]


def documents(measured):
    """The text of every document with tables, by path, printed from the measured rows."""
    own, body = measured["evaluation_images"], [""]
    for section in sections({}):
        rows = [own[section.folder][key] for key in section.keys if key in own.get(section.folder, {})]
        if rows:
            columns = DIAGNOSIS if all("processor" in row for row in rows) else COLUMNS
            body += [f"### {section.title}", "", *table(rows, columns), ""]
    others = [""]
    for sample, rows in measured["other_images"].items():
        others += [f"### 9,000 other test images: `sample:{sample}`", "",
                   *table([rows[key] for key in ORDER if key in rows], COLUMNS[:7]), ""]
    results = replaced(RESULTS.read_text(), "results", body)
    results = replaced(results, "other-images", others)
    results = replaced(results, "relative-kl", relative_kl(measured))
    shown = table([own["backbone"][key] for key in README_ROWS], README_COLUMNS)
    return {RESULTS: results, README: replaced(README.read_text(), "table", shown)}


def write(measured):
    """Writes MEASURED and the documents."""
    save(measured)
    for path, text in documents(measured).items():
        path.write_text(text)


def check():
    """Ends with an error if a document is not what `write` would print."""
    stale = [path.name for path, text in documents(read()).items() if path.read_text() != text]
    if stale:
        sys.exit(f"results: {' and '.join(stale)} differ from Benchmarks/results.json; "
                 "run Benchmarks/results.py --print")


def chosen(text, known, what):
    """The known names that a comma-separated text selects; all of them without a text."""
    if text is None:
        return known
    names = text.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"results: there is no {what} {', '.join(unknown)}; there is {', '.join(known)}")
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, help="a folder for run directories")
    parser.add_argument("--print", action="store_true", help="print the documents' tables again, measure nothing")
    parser.add_argument("--check", action="store_true", help="fail if a document's tables are not current")
    for name, title in BACKBONES.items():
        parser.add_argument(f"--{name}", type=pathlib.Path, help=f"the folder of {title}, with its images")
    parser.add_argument("--only", help="sections to measure")
    parser.add_argument("--bits", help="widths to measure, such as 4/4,3/3")
    parser.add_argument("--recipes", help="recipes to measure")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--mgrq", default=str(ROOT / ".build" / "release" / "mgrq"))
    args = parser.parse_args()
    if args.check:
        return check()
    if args.print:
        return write(read())
    if args.work is None:
        parser.error("--work FOLDER is needed to measure")
    given = {name: vars(args)[name.replace("-", "_")] for name in BACKBONES}
    folders = {name: path and path.resolve() for name, path in given.items()}
    args.work.mkdir(parents=True, exist_ok=True)
    every = list(sections(folders))
    names = chosen(args.only, [section.name for section in every], "section")
    bits = chosen(args.bits, WIDTHS, "width")
    recipes = chosen(args.recipes, EVERY_RECIPE, "recipe")
    for folder in (name for name, path in folders.items() if path is None):
        local = [section.name for section in every if section.folder == folder]
        if args.only is not None and not set(local).isdisjoint(names):
            sys.exit(f"results: {' and '.join(local)} need --{folder} FOLDER")
        names = [name for name in names if name not in local]
    for section in every:
        if section.name not in names:
            continue
        for width in section.bits:
            wanted = [recipe for recipe in section.recipes if recipe in recipes]
            if width not in bits or not wanted:
                continue
            new_rows = measure(args, section, width, wanted)
            # Read now, not before a measurement that takes hours: another process may have added rows.
            measured = read()
            known = measured["evaluation_images"].setdefault(section.folder, {})
            for row in new_rows:
                key = row["bits"], row["recipe"]
                if key in known and known[key]["seeds"] > row["seeds"]:
                    print(f"results: {' '.join(key)} keeps its row of {known[key]['seeds']} seeds", file=sys.stderr)
                else:
                    known[key] = row
            write(measured)


if __name__ == "__main__":
    main()
