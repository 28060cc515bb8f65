#!/usr/bin/env python3
"""Times one reconstruction step of a random ViT block, alone or in pairs with another program.

    swift build -c release
    python3 Benchmarks/iteration.py --dim 128 --depth 6 --heads 4 --side 8
    python3 Benchmarks/iteration.py --dim 128 --depth 6 --heads 4 --side 8 --peer 'python3 PEER.py … --json'

The middle block of a random model with `side` × `side` patches and a class token is reconstructed for some steps;
the time of a step is the median of differences between the journal's times, probed steps left out. A peer is a
command that prints one JSON object with `ms_per_iter` for the same shape, batch and losses; the two take turns, and
the ratio peer ∕ mgrq is given for every round.
"""
import argparse
import json
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from random_model import write_images, write_model

ROOT = pathlib.Path(__file__).resolve().parent.parent


def own_time(folder, args, number):
    """Milliseconds of one step."""
    losses = args.losses.split(",")
    plan = f"""schema: 1
model: {folder}
calibration: {folder}/images.safetensors
preset: mgrq
steps: 0
batch: {args.batch}
rounding: {args.rounding}
global_weight: {1 if "global" in losses else 0}
local_weight: {0.5 if "local" in losses else 0}
global_share: 1
units:
  - match: blocks.{args.depth // 2}
    set: {{steps: {args.steps}}}
"""
    (folder / "plan.yaml").write_text(plan)
    output = folder / f"run{number}"
    done = subprocess.run([args.mgrq, "run", str(folder / "plan.yaml"), "--threads", str(args.threads), "--output",
                           str(output)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip().splitlines()[-1])
    times, probed = [], set()
    for line in (output / "journal.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry.get("event") == "stepped":
            times.append((entry["step"], entry["time"]))
            if entry.get("gradient_norms") is not None:
                probed.add(entry["step"])
    gaps = [(b - a) * 1000 for (i, a), (j, b) in zip(times, times[1:]) if j == i + 1 and j not in probed]
    return statistics.median(gaps)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in [("dim", 128), ("depth", 6), ("heads", 4), ("side", 8), ("classes", 10), ("batch", 32),
                          ("images", 128), ("steps", 60), ("threads", 2), ("rounds", 3)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--losses", default="block,global,local")
    parser.add_argument("--rounding", default="adaround", choices=["ste", "adaround"])
    parser.add_argument("--peer", help="a command that prints a JSON object with ms_per_iter")
    parser.add_argument("--mgrq", default=str(ROOT / ".build" / "release" / "mgrq"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_model(folder, args.dim, args.depth, args.heads, args.side, args.classes)
        write_images(folder / "images.safetensors", args.images, args.side)
        ratios = []
        for number in range(args.rounds):
            own = own_time(folder, args, number)
            line = f"round {number + 1}: mgrq {own:.1f} ms"
            if args.peer:
                done = subprocess.run(shlex.split(args.peer), capture_output=True, text=True)
                if done.returncode != 0:
                    sys.exit(done.stderr)
                peer = json.loads(done.stdout.strip().splitlines()[-1])["ms_per_iter"]
                ratios.append(peer / own)
                line += f", peer {peer:.1f} ms, peer ∕ mgrq {peer / own:.2f}"
            print(line, flush=True)
        if ratios:
            print(f"median of peer ∕ mgrq: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
