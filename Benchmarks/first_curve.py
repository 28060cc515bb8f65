#!/usr/bin/env python3
"""Times the workbench from Enter on its start screen to the first curve that moves.

    first_curve.py TOOL [BACKBONE]

Prints a table of the bundled models, and of the backbone where its folder is given: seconds from Enter to the second
step on the screen, and the limit that we hold ourselves to. Needs pyte, as the tests do.
"""
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Tests", "EndToEndTests", "Scripts"))
from terminal import ENTER, Terminal  # noqa: E402

from models import flags  # noqa: E402

SAMPLE_LIMIT = 5
BACKBONE_LIMIT = 60
# Beyond this the tool is taken to hang.
PATIENCE = 600


def step(terminal):
    """The step in the header; 0 before the first."""
    found = re.search(r"\bstep (\d+)/", terminal.text)
    return int(found.group(1)) if found else 0


def first_curve(tool, folder, model):
    """Seconds from Enter to the second step on the screen."""
    command = [tool, "workbench", "--weight-bits", "4", "--activation-bits", "4", *flags(model)]
    with Terminal(command, folder) as terminal:
        terminal.wait_for_footer("start the run")
        begin = time.monotonic()
        terminal.press(ENTER)
        terminal.wait("a curve that moves", lambda: step(terminal) >= 2, patience=PATIENCE)
        seconds = time.monotonic() - begin
        terminal.press("q")
        terminal.wait_for("still in progress")
        terminal.press("y")
        terminal.wait_for_end()
    return seconds


def main():
    tool = os.path.abspath(sys.argv[1])
    models = [(name, SAMPLE_LIMIT) for name in ("fashion-vit", "fashion-deit", "fashion-swin")]
    if len(sys.argv) > 2 and sys.argv[2]:
        models.append((os.path.abspath(sys.argv[2]), BACKBONE_LIMIT))
    print("| model | Enter to first moving curve, s | limit, s |\n| --- | --- | --- |")
    for model, limit in models:
        with tempfile.TemporaryDirectory() as folder:
            print(f"| {os.path.basename(model)} | {first_curve(tool, folder, model):.1f} | {limit} |", flush=True)


if __name__ == "__main__":
    main()
