#!/usr/bin/env python3
"""Compares bits chosen site by site with the same bits everywhere, and writes the table of docs/mixed-precision.md.

    swift build -c release --product mgrq
    python3 Benchmarks/mixed_precision.py --work FOLDER [--threads N]

Each row is two runs on a sample model: one with the width everywhere, and one of the plan that `mgrq allocate` makes for
the first one's size or bit operations. What is complete in the work folder is not made again.
"""
import argparse
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
# preset, weight bits, activation bits, what the budget is
ROWS = [("calibrate", 3, 8, "size"), ("calibrate", 3, 4, "size"), ("ridge", 3, 8, "size"), ("ridge", 3, 4, "size"),
        ("ridge", 4, 4, "bit operations"), ("ridge", 3, 3, "bit operations")]


def run(args, folder, flags):
    report = folder / "report.json"
    if not report.exists():
        subprocess.run([args.mgrq, "run", *flags, "--held-out", "0", "--threads", str(args.threads),
                        "--output", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return json.loads(report.read_text())


def bit_operations(args, plan, flags):
    """The bit operations of a plan whose every site is fixed."""
    out = subprocess.run([args.mgrq, "allocate", *flags, "--budget-bit-operations", "1e6", "--images", "1", "--json",
                          "--output", str(plan)], check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out)["allocation"]["bit_operations"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--mgrq", default=str(ROOT / ".build/release/mgrq"))
    parser.add_argument("--model", default="sample:fashion-vit")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    lines = ["| preset | same bits | budget | size, MB | KL, same bits | KL, chosen | top-1 %, same bits | top-1 %, chosen |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for preset, weights, activations, budget in ROWS:
        name = f"{preset}-w{weights}a{activations}"
        base = ["--model", args.model, "--preset", preset]
        bits = ["--set", f"weight_bits={weights}", "--set", f"activation_bits={activations}"]
        same = run(args, args.work / name, base + bits)
        plan = args.work / f"{name}-{budget.replace(' ', '-')}.yaml"
        if budget == "size":
            limit = ["--budget-size", f"{same['bytes'] / 1e6:.6f}"]
        else:
            # A site's bits: the last override wins, so that weights come last.
            fixed = ["--site", f"*={activations}", "--site", f"*.weight={weights}"]
            operations = bit_operations(args, args.work / "fixed.yaml", base + bits + fixed)
            limit = ["--budget-bit-operations", f"{operations / 1e9:.9f}"]
        if not plan.exists():
            subprocess.run([args.mgrq, "allocate", *base, *bits, *limit, "--threads", str(args.threads),
                            "--output", str(plan)], check=True, stdout=subprocess.DEVNULL)
        chosen = run(args, args.work / plan.stem, [str(plan)])
        lines.append(
            f"| `{preset}` | W{weights}A{activations} | {budget} | {same['bytes'] / 1e6:.3f} → {chosen['bytes'] / 1e6:.3f} "
            f"| {same['final']['kl']:.5f} | {chosen['final']['kl']:.5f} | {same['final']['top1']:.1f} "
            f"| {chosen['final']['top1']:.1f} |")
        if budget == "size":
            assert chosen["bytes"] <= same["bytes"], f"{name}: {chosen['bytes']} bytes exceed {same['bytes']}"
    path = ROOT / "docs/mixed-precision.md"
    text = path.read_text()
    head, rest = text.split("<!-- table -->\n", 1)
    tail = rest.split("<!-- /table -->", 1)[1]
    path.write_text(head + "<!-- table -->\n\n" + "\n".join(lines) + "\n\n<!-- /table -->" + tail)


if __name__ == "__main__":
    main()
