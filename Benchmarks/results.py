#!/usr/bin/env python3
"""Measures recipes on the sample models, and on a real backbone where there is one, and writes docs/results.md.

    swift build -c release
    python3 Benchmarks/results.py --work FOLDER [--backbone FOLDER] [--threads N]
    python3 Benchmarks/results.py --work FOLDER --only fashion-vit --bits 4/4,3/3 --recipes mgrq,calibrate

A backbone is a folder with a checkpoint, `calibration` and `evaluation`. All of it takes more than ten hours on two
cores, so that it can be done bit by bit: --only, --bits, --recipes and --seeds choose what is measured now. Its rows
take the place of those of the same bits and recipe in docs/results.md that have no more seeds, and all others stay.
Every run keeps its directory in the work folder, and a run that is complete there is not made again: the command can
be interrupted and repeated. What the backbone's runs came to is also kept in Benchmarks/backbone-runs.jsonl, so that
seeds can be added on another machine: a run in there is not made again either, and `mgrq compare` refuses it when its
plan is no longer what the recipe gives. The README's table is taken from the first section.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results.md"
# One line for each run of the backbone: its name, its plan, its report without the units, its predictions.
KEPT_RUNS = ROOT / "Benchmarks" / "backbone-runs.jsonl"
# What stands in a kept plan for the folder of the backbone.
PLACE = "BACKBONE"
HEAD = ["| bits | recipe | seeds | top-1 % | lost points | KL, nats | agreement % | size, MB | time, s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
# What is no preset, as `mgrq compare --variant` has it.
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
TERMS = ["block only", "block + global", "block + local", "mgrq"]
# All that any table shows, in the order of rows.
EVERY_RECIPE = [*PRESETS, *VARIANTS]
README_WIDTHS = ["8/8", "4/4", "3/3"]


class Section:
    """A table of one model: each of some recipes at each of some widths."""

    def __init__(self, name, title, model, bits, recipes):
        self.name, self.title, self.model, self.bits, self.recipes = name, title, model, bits, recipes

    @property
    def folder(self):
        """Where its runs are: together with those of other tables of the model."""
        return self.model.removeprefix("sample:") if self.model.startswith("sample:") else "backbone"

    @property
    def keys(self):
        """What begins each row, in order."""
        return [(label(bits), recipe) for bits in self.bits for recipe in self.recipes]


def label(bits):
    """`W4A4` of `4/4`."""
    weight, activation = bits.split("/")
    return f"W{weight}A{activation}"


def sections(backbone):
    models = {sample: (f"`sample:{sample}`", f"sample:{sample}") for sample in SAMPLES}
    models["backbone"] = ("a DINOv2 ViT-S/14", str(backbone))
    for name, (title, model) in models.items():
        yield Section(name, title[0].upper() + title[1:], model, WIDTHS, RECIPES)
    for name, (title, model) in models.items():
        if name == "fashion-vit":
            yield Section(f"ablation-{name}", f"What each term, views and weighed tokens bring: {title}", model, ["3/3"],
                          list(VARIANTS) + ["mgrq"])
        else:
            yield Section(f"ablation-{name}", f"What each term brings: {title}", model, ["3/3"], TERMS)
    for name, (title, model) in models.items():
        yield Section(f"presets-{name}", f"Every preset: {title}", model, ["4/4", "3/3"], PRESETS)


def rows_of(lines, head=HEAD):
    """The rows that stand under such a head, by their bits and recipe."""
    rows, is_under_head = {}, False
    for line in lines:
        if line == head[0]:
            is_under_head = True
        elif not line.startswith("|"):
            is_under_head = False
        elif is_under_head and line.startswith("| W"):
            bits, recipe = (cell.strip() for cell in line.split("|")[1:3])
            rows[bits, recipe] = line
    return rows


def seeds_in(line):
    """How many seeds a row is the mean of."""
    return int(line.split("|")[3])


def known_rows(head=HEAD):
    """The rows that docs/results.md has under such a head, by the title of their section."""
    sections, title = {}, None
    for line in RESULTS.read_text().splitlines():
        if line.startswith("## "):
            title = line[3:]
            sections[title] = []
        elif title is not None:
            sections[title].append(line)
    return {title: rows_of(lines, head) for title, lines in sections.items()}


def kept_runs():
    """The lines of KEPT_RUNS, by the name of the run."""
    if not KEPT_RUNS.exists():
        return {}
    return {run["run"]: run for run in map(json.loads, KEPT_RUNS.read_text().splitlines())}


def restore(args, folder):
    """Lays kept runs into the work folder, with as much as `mgrq compare` reads of a finished run."""
    for name, run in kept_runs().items():
        directory = args.work / folder / name
        if directory.exists():
            continue
        directory.mkdir(parents=True)
        (directory / "plan.yaml").write_text(run["plan"].replace(PLACE, str(args.backbone)))
        (directory / "journal.jsonl").touch()
        (directory / "report.json").write_text(json.dumps(run["report"]))
        if "predictions" in run:
            (directory / "predictions.json").write_text(json.dumps(run["predictions"]))


def keep(args, folder):
    """Adds the finished runs of the work folder to the kept ones."""
    runs = kept_runs()
    for path in (args.work / folder).glob("*/report.json"):
        directory = path.parent
        report = json.loads(path.read_text())
        # Pages of curves that no table shows.
        report["units"] = []
        plan = (directory / "plan.yaml").read_text().replace(str(args.backbone), PLACE)
        runs[directory.name] = {"run": directory.name, "plan": plan, "report": report}
        predictions = directory / "predictions.json"
        if predictions.exists():
            runs[directory.name]["predictions"] = json.loads(predictions.read_text())
    KEPT_RUNS.write_text("".join(json.dumps(runs[name], sort_keys=True, separators=(",", ":")) + "\n"
                                 for name in sorted(runs)))


def measure(args, section, bits, recipes):
    """Rows that one call of `mgrq compare` makes."""
    is_backbone = section.folder == "backbone"
    command = [args.mgrq, "compare", "--model", section.model, "--bits", bits, "--seeds", args.seeds,
               "--threads", str(args.threads), "--output", str(args.work / section.folder)]
    presets = [recipe for recipe in recipes if recipe not in VARIANTS]
    if presets:
        command += ["--presets", ",".join(presets)]
    for recipe in recipes:
        if recipe in VARIANTS:
            command += ["--variant", f"{recipe}={VARIANTS[recipe]}"]
    if is_backbone:
        command += ["--calibration", f"{section.model}/calibration", "--evaluation", f"{section.model}/evaluation"]
        restore(args, section.folder)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"results: {section.name}: mgrq compare ended with {done.returncode}")
    if is_backbone:
        keep(args, section.folder)
    lines = done.stdout.splitlines()
    if lines[:2] != HEAD:
        sys.exit(f"results: {section.name}: mgrq compare has other columns than docs/results.md")
    return rows_of(lines)


def replace_between(path, marker, lines):
    """Replaces what stands between `<!-- marker -->` and `<!-- /marker -->`."""
    text = path.read_text()
    start, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
    if text.count(start) != 1 or text.count(end) != 1:
        sys.exit(f"results: {path.name} has no place marked “{marker}”")
    head, rest = text.split(start)
    path.write_text(head + start + "\n".join(lines) + "\n" + end + rest.split(end)[1])


def write(every, rows):
    """Writes the sections that have rows of their own, and the README's table."""
    body = [""]
    for section in every:
        known = dict(rows.get(section.title, {}))
        if known:
            # The model's other tables have the same runs.
            for other in every:
                if other.folder == section.folder:
                    known.update({key: line for key, line in rows.get(other.title, {}).items()
                                  if key in section.keys and key not in known})
        lines = [known[key] for key in section.keys if key in known]
        lines += [line for key, line in known.items() if key not in section.keys]
        if lines:
            body += [f"## {section.title}", "", *HEAD, *lines, ""]
    replace_between(RESULTS, "results", body)
    first = every[0]
    shown = [(label(bits), recipe) for bits in README_WIDTHS for recipe in first.recipes]
    known = rows.get(first.title, {})
    replace_between(ROOT / "README.md", "table", HEAD + [known[key] for key in shown if key in known])


def chosen(text, known, what):
    """Those of a list that the text names; all of them without a text."""
    if text is None:
        return known
    names = text.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"results: there is no {what} {', '.join(unknown)}; there is {', '.join(known)}")
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--backbone", type=pathlib.Path, help="a folder with a checkpoint and its images")
    parser.add_argument("--only", help="sections to measure")
    parser.add_argument("--bits", help="widths to measure, such as 4/4,3/3")
    parser.add_argument("--recipes", help="recipes to measure")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--mgrq", default=str(ROOT / ".build" / "release" / "mgrq"))
    args = parser.parse_args()
    if args.backbone is not None:
        args.backbone = args.backbone.resolve()
    args.work.mkdir(parents=True, exist_ok=True)
    every = list(sections(args.backbone))
    names = chosen(args.only, [section.name for section in every], "section")
    bits = chosen(args.bits, WIDTHS, "width")
    recipes = chosen(args.recipes, EVERY_RECIPE, "recipe")
    if args.backbone is None:
        local = [section.name for section in every if section.folder == "backbone"]
        if args.only is not None and not set(local).isdisjoint(names):
            sys.exit(f"results: {' and '.join(local)} need --backbone FOLDER")
        names = [name for name in names if name not in local]
    for section in every:
        if section.name not in names:
            continue
        for width in section.bits:
            wanted = [recipe for recipe in section.recipes if recipe in recipes]
            if width not in bits or not wanted:
                continue
            measured = measure(args, section, width, wanted)
            # After the measurement, which takes hours: others may have measured meanwhile.
            rows = known_rows()
            known = rows.setdefault(section.title, {})
            for key, line in measured.items():
                if key in known and seeds_in(known[key]) > seeds_in(line):
                    print(f"results: {' '.join(key)} keeps its row of {seeds_in(known[key])} seeds", file=sys.stderr)
                else:
                    known[key] = line
            write(every, rows)


if __name__ == "__main__":
    main()
