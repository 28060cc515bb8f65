#!/usr/bin/env python3
"""Times evaluation in integers, in floats, and of the full-precision model, in alternating pairs.

    integers.py PROGRAM MODEL RUN CHANNELS,HEIGHT,WIDTH [IMAGES [PAIRS]]

MODEL is the full-precision checkpoint, RUN a run or packed checkpoint of it. All get the same IMAGES (128) images of noise,
on one thread. Prints processor time per image and the median ratio to full precision; reading and start of the program,
measured with one image, are taken off.
"""

import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

import numpy as np


def seconds(command):
    """Processor time of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(program, model, run, shape, images="128", pairs="5"):
    images = int(images)
    with tempfile.TemporaryDirectory() as folder:
        output = str(pathlib.Path(folder, "logits.npz"))
        shape = [int(side) for side in shape.split(",")]
        generator = np.random.default_rng(1)
        for count in (1, images + 1):
            np.save(f"{folder}/{count}.npy", generator.standard_normal((count, *shape)).astype(np.float32))

        def time(path, flags):
            def once(count):
                return seconds([program, "predict", path, "--data", f"{folder}/{count}.npy", "--normalised", "--threads",
                                "1", "--output", output, *flags])
            return (once(images + 1) - once(1)) / images

        kinds = {"full precision": (model, []), "quantized, floats": (run, []), "quantized, integers": (run, ["--integer"])}
        times = {kind: [] for kind in kinds}
        for _ in range(int(pairs)):
            for kind, (path, flags) in kinds.items():
                times[kind].append(time(path, flags))
    print("| | ms an image | times full precision's speed |\n| --- | --- | --- |")
    for kind, values in times.items():
        ratio = statistics.median(full / value for full, value in zip(times["full precision"], values))
        print(f"| {kind} | {1e3 * statistics.median(values):.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
