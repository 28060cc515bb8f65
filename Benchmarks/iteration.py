#!/usr/bin/env python3
"""Times one reconstruction step of a random ViT block, in pairs with a PyTorch loop or another program.

    swift build -c release
    pip install numpy==2.4.6 torch==2.13.0+cpu
    python3 Benchmarks/iteration.py --dim 128 --depth 6 --heads 4 --side 8

The middle block of a random model with `side` × `side` patches and a class token is reconstructed for some steps at
W4A4, attention maps by powers of √2; the time of a step is the median of differences between the journal's times. Steps
that probe gradient norms take longer and are left out: about twenty of a run, and every one of a run with fewer than 40.

The peer takes the same shape, batch, losses and rounding (Tests/Reference/reconstruction_peer.py); `--peer COMMAND` names
another, which prints one JSON object with `ms_per_iter`, and `--alone` none. The two take turns, and the ratio
peer ∕ mgrq is printed for every round.
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
TERMS = ("block", "global", "local")
# With fewer, every step probes.
FEWEST_STEPS = 40


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
attention_levels: log_sqrt2
gelu_levels: uniform
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


def peer_time(args):
    """Milliseconds of one step of the peer."""
    command = shlex.split(args.peer) if args.peer else [
        sys.executable, str(ROOT / "Tests" / "Reference" / "reconstruction_peer.py"), "--losses", args.losses,
        "--rounding", args.rounding,
        *(part for name in ("dim", "depth", "heads", "side", "classes", "batch", "images", "steps", "threads")
          for part in (f"--{name}", str(getattr(args, name))))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or f"the peer ended with {done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1])["ms_per_iter"]


def refusal(args):
    """What is wrong with the arguments, in a sentence; None if nothing is."""
    for name in ("dim", "depth", "heads", "side", "classes", "batch", "images", "threads", "rounds"):
        if getattr(args, name) < 1:
            return f"--{name} must be at least 1, not {getattr(args, name)}"
    if args.steps < FEWEST_STEPS:
        return f"--steps must be at least {FEWEST_STEPS}, not {args.steps}: in a shorter run every step probes"
    if args.dim % args.heads != 0:
        return f"--dim {args.dim} cannot be divided among --heads {args.heads}"
    if args.images < args.batch:
        return f"--images {args.images} must be no fewer than --batch {args.batch}"
    losses = args.losses.split(",")
    if "block" not in losses or len(set(losses)) != len(losses) or not set(losses) <= set(TERMS):
        return f"--losses must be block, perhaps with global and local, not “{args.losses}”"
    if not args.mgrq.is_file():
        return f"there is no {args.mgrq}; build it with swift build -c release, or name it with --mgrq"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in [("dim", 128), ("depth", 6), ("heads", 4), ("side", 8), ("classes", 10), ("batch", 32),
                          ("images", 128), ("steps", 60), ("threads", 2), ("rounds", 3)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--losses", default="block,global,local")
    parser.add_argument("--rounding", default="adaround", choices=["ste", "adaround"])
    peers = parser.add_mutually_exclusive_group()
    peers.add_argument("--peer", help="a command that prints a JSON object with ms_per_iter")
    peers.add_argument("--alone", action="store_true", help="time mgrq without a peer")
    parser.add_argument("--mgrq", type=pathlib.Path, default=ROOT / ".build" / "release" / "mgrq")
    args = parser.parse_args()
    if wrong := refusal(args):
        parser.error(wrong)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_model(folder, args.dim, args.depth, args.heads, args.side, args.classes)
        write_images(folder / "images.safetensors", args.images, args.side)
        ratios = []
        for number in range(args.rounds):
            own = own_time(folder, args, number)
            line = f"round {number + 1}: mgrq {own:.1f} ms"
            if not args.alone:
                peer = peer_time(args)
                ratios.append(peer / own)
                line += f", peer {peer:.1f} ms, peer ∕ mgrq {peer / own:.2f}"
            print(line, flush=True)
        if ratios:
            print(f"median of peer ∕ mgrq: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
