#!/usr/bin/env python3
"""Measures presets on the sample models, and on a real backbone where there is one, and writes docs/results.md.

    swift build -c release
    python3 Benchmarks/results.py --work FOLDER [--backbone FOLDER] [--only SECTION,…] [--threads N]

A backbone is a folder with a checkpoint, `calibration` and `evaluation`. Every run keeps its directory in the work
folder, and a run that is complete there is not made again: the command can be interrupted and repeated, and docs/results.md
has the sections that are complete by then. The README's table is the one of the section it names.
"""
import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK_ONLY = "block only=mgrq,global_weight=0,local_weight=0"
ABLATION = [BLOCK_ONLY, "block + global=mgrq,local_weight=0", "block + local=mgrq,global_weight=0"]
SAMPLES = ["fashion-vit", "fashion-deit", "fashion-swin"]


class Section:
    """Rows that one call of `mgrq compare` makes each."""

    def __init__(self, name, title, model, calls):
        self.name, self.title, self.model, self.calls = name, title, model, calls


def calls(presets, bits, seeds, variants=()):
    flags = ["--bits", bits, "--seeds", seeds]
    if presets:
        flags += ["--presets", presets]
    for variant in variants:
        flags += ["--variant", variant]
    return flags


def sections(backbone):
    """What the README shows first; every section can be measured alone."""
    for sample in SAMPLES:
        yield Section(sample, f"`sample:{sample}`", f"sample:{sample}", [
            calls("calibrate", "8/8", "1,2,3"),
            calls("calibrate,ridge,mgrq", "4/4", "1,2,3", [BLOCK_ONLY]),
            calls("calibrate,ridge,mgrq", "3/3", "1,2,3", [BLOCK_ONLY])])
    if backbone:
        yield Section("backbone", f"`{backbone.name}`", str(backbone), [
            calls("calibrate,mgrq", "4/4,3/3", "1"), calls("calibrate", "8/8,6/6", "1"),
            calls("ridge", "3/3", "1", [BLOCK_ONLY])])
    yield Section("ablation", "What each term brings: `sample:fashion-vit`", "sample:fashion-vit", [
        calls("mgrq", "3/3", "1,2,3", ABLATION)])
    yield Section("presets", "Every preset: `sample:fashion-vit`", "sample:fashion-vit", [
        calls("calibrate,ridge,brecq,qdrop,pd-quant,aphq,fima,glf,mgrq", "4/4,3/3", "1,2,3")])
    for sample in SAMPLES:
        yield Section(f"{sample}-widths", f"Other widths: `sample:{sample}`", f"sample:{sample}", [
            calls("calibrate,ridge,mgrq", "8/8,6/6,2/4", "1,2,3")])


def measure(args, section):
    """The section's rows as lines of a Markdown table; None where a run failed."""
    lines = []
    for index, flags in enumerate(section.calls):
        command = [args.mgrq, "compare", "--model", section.model, *flags, "--threads", str(args.threads),
                   "--output", str(args.work / section.name)]
        if section.name == "backbone":
            command += ["--calibration", f"{section.model}/calibration", "--evaluation",
                        f"{section.model}/evaluation"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"results: {section.name}: mgrq compare ended with {done.returncode}")
        lines += done.stdout.splitlines()[0 if index == 0 else 2:]
    return lines


def replace_between(path, marker, lines):
    """Replaces what stands between `<!-- marker -->` and `<!-- /marker -->`."""
    text = path.read_text()
    start, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
    if text.count(start) != 1 or text.count(end) != 1:
        sys.exit(f"results: {path.name} has no place marked “{marker}”")
    head, rest = text.split(start)
    path.write_text(head + start + "\n".join(lines) + "\n" + end + rest.split(end)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--backbone", type=pathlib.Path, help="a folder with a checkpoint and its images")
    parser.add_argument("--only", help="sections to measure; the others are taken as they are in the work folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--mgrq", default=str(ROOT / ".build" / "release" / "mgrq"))
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    every = list(sections(args.backbone))
    chosen = set(args.only.split(",")) if args.only else {section.name for section in every}
    unknown = chosen - {section.name for section in every}
    if unknown:
        sys.exit(f"results: there is no section {', '.join(sorted(unknown))}; there is "
                 + ", ".join(section.name for section in every))
    for section in every:
        if section.name in chosen:
            lines = measure(args, section)
            (args.work / section.name / "section.md").write_text("\n".join(lines) + "\n")
    body = []
    for section in every:
        file = args.work / section.name / "section.md"
        if file.exists():
            body += [f"## {section.title}", "", *file.read_text().splitlines(), ""]
    replace_between(ROOT / "docs" / "results.md", "results", [""] + body)
    file = args.work / "fashion-vit" / "section.md"
    if file.exists():
        replace_between(ROOT / "README.md", "table", file.read_text().splitlines())


if __name__ == "__main__":
    main()
