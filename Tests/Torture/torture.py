#!/usr/bin/env python3
"""Kills runs, sweeps, comparisons and exports wherever they change a file, and checks what comes of them.

    torture.py PROGRAM [--points N] [--random N] [--seed N] [--only JOB] [--keep]

Every job is done once undisturbed under strace, which lists the system calls that change a file in its folder. Then it
is done again for each of these calls, killed by strace as the call begins, and for random instants, killed from outside.
After each kill the job is continued as its user would do it, and must end with the same bytes: packed model, recipe,
predictions, points, tables, and the report without its times. Nothing else may be left in the folder.

--points takes a sample of the calls, spread over all of them. Exit code 1 tells of a difference; its folder is kept.
"""

import argparse
import array
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Benchmarks"))
from random_model import write_safetensors  # noqa: E402

CHANGING = (
    "openat,write,pwrite64,rename,renameat,renameat2,fsync,fdatasync,unlink,unlinkat,mkdir,mkdirat,rmdir,ftruncate,"
    "flock"
)
TEMPORARY = ".mgrq-unfinished-"
TIMED = ("seconds", "processor_seconds", "time", "seq", "chain", "journal", "sha256")


class Difference(Exception):
    """What differs from the undisturbed job."""


# --- A small model and its images


def make_model(folder):
    """A ViT for 8 × 8 pixels with one block of width 16, 16 calibration and 20 evaluation images."""
    generator = random.Random(7)
    width, hidden, classes = 16, 32, 3
    shapes = {
        "cls_token": [1, 1, width], "pos_embed": [1, 5, width], "patch_embed.proj.weight": [width, 1, 4, 4],
        "patch_embed.proj.bias": [width], "norm.weight": [width], "norm.bias": [width],
        "head.weight": [classes, width], "head.bias": [classes],
    }
    for name, shape in {
        "norm1.weight": [width], "norm1.bias": [width], "attn.qkv.weight": [3 * width, width],
        "attn.qkv.bias": [3 * width], "attn.proj.weight": [width, width], "attn.proj.bias": [width],
        "norm2.weight": [width], "norm2.bias": [width], "mlp.fc1.weight": [hidden, width],
        "mlp.fc1.bias": [hidden], "mlp.fc2.weight": [width, hidden], "mlp.fc2.bias": [width],
    }.items():
        shapes["blocks.0." + name] = shape
    tensors = []
    for name, shape in shapes.items():
        count = 1
        for extent in shape:
            count *= extent
        floats = array.array("f", (generator.uniform(-1, 1) for _ in range(count)))
        tensors.append((name, "F32", shape, floats.tobytes()))
    os.makedirs(f"{folder}/model")
    write_safetensors(pathlib.Path(folder) / "model/model.safetensors", tensors)
    with open(f"{folder}/model/config.json", "w") as file:
        json.dump(
            {
                "architecture": "vision_transformer",
                "model_args": {"img_size": 8, "num_heads": 2, "global_pool": "token"},
                "pretrained_cfg": {"mean": [0.5], "std": [0.25]},
            }, file)
    for name, count in ("calibration", 16), ("evaluation", 20):
        pixels = bytes(generator.randrange(256) for _ in range(count * 64))
        parts = [("images", "U8", [count, 1, 8, 8], pixels)]
        if name == "evaluation":
            labels = array.array("q", (index % 3 for index in range(count)))
            parts.append(("labels", "I64", [count], labels.tobytes()))
        write_safetensors(pathlib.Path(folder) / f"{name}.safetensors", parts)


# --- Jobs


def without_times(value):
    """A value of JSON without its times, and without the digests of text that has them."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMED}
    if isinstance(value, list):
        return [without_times(item) for item in value]
    return value


def read(path):
    with open(path, "rb") as file:
        return file.read()


def read_json(path):
    return without_times(json.loads(read(path)))


def contents(folder):
    """Every name below a folder."""
    found = []
    for place, folders, files in os.walk(folder):
        found += [os.path.relpath(os.path.join(place, name), folder) for name in folders + files]
    return sorted(found)


class Job:
    """Something that is done in a folder and can be continued."""

    def __init__(self, program, inputs):
        self.program = program
        self.inputs = [
            "--model", f"{inputs}/model", "--calibration", f"{inputs}/calibration.safetensors", "--evaluation",
            f"{inputs}/evaluation.safetensors",
        ]

    def prepare(self, folder):
        """Makes what the job starts from."""

    def call(self, folder, arguments):
        return subprocess.run(
            [self.program, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=120)

    def must(self, folder, arguments):
        result = self.call(folder, arguments)
        if result.returncode != 0:
            raise Difference(f"{' '.join(arguments[:2])} ends with {result.returncode}: {result.stderr.strip()[-300:]}")

    def finish(self, folder):
        """Continues the job after a kill."""
        self.must(folder, self.arguments)

    def resume(self, folder, name):
        """Continues a run or a sweep, or begins it again where it had not begun."""
        for _ in range(2):
            if not os.path.isdir(f"{folder}/{name}") or not os.listdir(f"{folder}/{name}"):
                return self.must(folder, self.arguments)
            result = self.call(folder, ["resume", name])
            if result.returncode == 0 or (result.returncode == 65 and "is finished" in result.stderr):
                return
            if "start it again with mgrq run" in result.stderr:
                return self.must(folder, self.arguments)
            raise Difference(f"resume ends with {result.returncode}: {result.stderr.strip()[-300:]}")


class RunJob(Job):
    name = "run"

    def __init__(self, program, inputs):
        super().__init__(program, inputs)
        self.arguments = ["run", *self.inputs, "--steps", "3", "--batch", "4", "--output", "r"]

    def finish(self, folder):
        self.resume(folder, "r")

    def result(self, folder):
        found = contents(folder)
        for form in "packed", "recipe":
            self.must(folder, ["export", "r", "--format", form, "--output", form])
        report = read_json(f"{folder}/r/report.json")
        return {
            "files": found, "packed": read(f"{folder}/packed"), "recipe": read(f"{folder}/recipe"),
            "predictions": read(f"{folder}/r/predictions.json"), "images": read(f"{folder}/r/images.json"),
            "report": report,
        }


class SweepJob(Job):
    name = "sweep"

    def __init__(self, program, inputs):
        super().__init__(program, inputs)
        self.arguments = [
            "sweep", *self.inputs, "--weight-bits", "3,4", "--activation-bits", "4,8", "--output", "s"]

    def finish(self, folder):
        self.resume(folder, "s")

    def result(self, folder):
        lines = [json.loads(line) for line in read(f"{folder}/s/journal.jsonl").splitlines()]
        points = [without_times(line) for line in lines if line.get("event") == "sweep_measured"]
        return {"files": contents(folder), "points": points, "last": lines[-1]["event"]}


class CompareJob(Job):
    name = "compare"

    def __init__(self, program, inputs):
        super().__init__(program, inputs)
        self.arguments = [
            "compare", *self.inputs, "--presets", "calibrate,mgrq", "--bits", "4/4", "--seeds", "1", "--set",
            "steps=2", "--set", "batch=4", "--output", "c",
        ]

    def result(self, folder):
        return {
            "files": contents(folder), "table": read_json(f"{folder}/c/compare.json"),
            "reports": [
                read_json(f"{folder}/c/{name}/report.json") for name in sorted(os.listdir(f"{folder}/c"))
                if os.path.isdir(f"{folder}/c/{name}")
            ],
        }


class ExportJob(Job):
    name = "export"

    def __init__(self, program, inputs):
        super().__init__(program, inputs)
        self.arguments = ["export", "r", "--format", "packed", "--output", "x"]
        self.made = None

    def prepare(self, folder):
        if self.made is None:
            self.made = tempfile.mkdtemp(prefix="mgrq-torture-run-")
            RunJob.must(self, self.made, RunJob(self.program, self.inputs[1].rsplit("/", 1)[0]).arguments)
        shutil.copytree(f"{self.made}/r", f"{folder}/r")
        with open(f"{folder}/x", "w") as file:
            file.write("what was there before")

    def finish(self, folder):
        left = read(f"{folder}/x")
        whole = getattr(self, "whole", left)
        if left not in (b"what was there before", whole):
            raise Difference("a kill leaves a file that is neither the old nor the new one")
        self.must(folder, self.arguments)
        self.whole = read(f"{folder}/x")

    def result(self, folder):
        return {"files": contents(folder), "packed": read(f"{folder}/x")}


# --- Kills


def traced(job, folder, inject=None):
    """Does a job under strace; returns the lines of its log."""
    log = f"{folder}.log"
    command = ["strace", "-f", "-y", "-qq", "-s", "16", "-e", f"trace={CHANGING}", "-e", "signal=none", "-o", log]
    if inject:
        command += ["-e", f"inject={inject[0]}:signal=KILL:when={inject[1]}"]
    result = subprocess.run(
        [*command, job.program, *job.arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, timeout=300)
    with open(log) as file:
        lines = file.read().splitlines()
    os.remove(log)
    return result, lines


def changes(lines, folder):
    """The calls that change a file in a folder: pairs of a system call and its number among its thread's calls."""
    counts, found = {}, set()
    for line in lines:
        match = re.match(r"(\d+) +([a-z0-9]+)\((.*)", line)
        if not match:
            continue
        thread, call, rest = match.groups()
        number = counts[thread, call] = counts.get((thread, call), 0) + 1
        if call == "openat":
            is_change = "O_CREAT" in rest
        elif call in ("write", "pwrite64"):
            is_change = folder in rest.split(",")[0]
        else:
            is_change = True
        if is_change:
            found.add((call, number))
    return sorted(found, key=lambda point: (point[1], point[0]))


def compare(expected, result):
    for key, value in expected.items():
        if result[key] != value:
            detail = f": {value} was expected, {result[key]} was found" if key in ("files", "points") else ""
            raise Difference(f"{key} differs{detail}"[:600])


def fresh(root, job):
    folder = tempfile.mkdtemp(prefix=f"{job.name}-", dir=root)
    job.prepare(folder)
    return folder


def attempt(root, job, expected, kill, what):
    """Kills a job, continues it and compares; returns whether it came out the same."""
    folder = fresh(root, job)
    try:
        kill(folder)
        job.finish(folder)
        compare(expected, job.result(folder))
    except (Difference, subprocess.TimeoutExpired, OSError, ValueError, KeyError) as problem:
        print(f"torture: {job.name} killed {what}: {problem} (see {folder})", file=sys.stderr)
        return False
    shutil.rmtree(folder)
    return True


def torture(job, root, options, generator):
    """Returns the numbers of kills and of differences."""
    folder = fresh(root, job)
    began = time.monotonic()
    undisturbed, lines = traced(job, folder)
    if undisturbed.returncode != 0:
        sys.exit(f"torture: {job.name} fails undisturbed: {undisturbed.stderr.decode()[-500:]}")
    if job.name == "export":
        job.finish(folder)
    expected = job.result(folder)
    if any(TEMPORARY in name or name.endswith(".lock") for name in expected["files"]):
        sys.exit(f"torture: {job.name} leaves temporary files undisturbed: {expected['files']}")
    points = changes(lines, folder)
    total = len(points)
    if options.points is not None and options.points < total:
        step = total / options.points
        points = [points[int((index + generator.random()) * step)] for index in range(options.points)]
    # Once more without strace, for its length.
    folder = fresh(root, job)
    began = time.monotonic()
    job.must(folder, job.arguments)
    length = time.monotonic() - began
    kills, failures = 0, 0
    for point in points:
        def inject(folder, point=point):
            traced(job, folder, point)
        kills += 1
        failures += not attempt(root, job, expected, inject, f"at {point[0]} number {point[1]}")
    for _ in range(options.random):
        delay = generator.uniform(0, length)
        def interrupt(folder, delay=delay):
            process = subprocess.Popen(
                [job.program, *job.arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.wait()
        kills += 1
        failures += not attempt(root, job, expected, interrupt, f"after {delay:.3f} s")
    print(f"{job.name}: {len(points)} of {total} calls, {options.random} instants, {failures} differences", flush=True)
    return kills, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--points", type=int, help="calls at which each job is killed, else all")
    parser.add_argument("--random", type=int, default=100, help="random instants for each job")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["run", "sweep", "compare", "export"])
    options = parser.parse_args()
    if not shutil.which("strace"):
        sys.exit("torture: there is no strace")
    os.environ["MGRQ_THREADS"] = "2"
    root = tempfile.mkdtemp(prefix="mgrq-torture-")
    make_model(root)
    kills = failures = 0
    for kind in RunJob, SweepJob, CompareJob, ExportJob:
        if options.only not in (None, kind.name):
            continue
        job = kind(os.path.abspath(options.program), root)
        found = torture(job, root, options, random.Random(f"{options.seed} {kind.name}"))
        kills, failures = kills + found[0], failures + found[1]
        if getattr(job, "made", None):
            shutil.rmtree(job.made)
    print(f"{kills} kills, {failures} differences", flush=True)
    if failures == 0:
        shutil.rmtree(root)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
