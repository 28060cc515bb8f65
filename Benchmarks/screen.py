#!/usr/bin/env python3
"""Times the workbench's screen while the engine works on every core, and replays a very long journal.

    screen.py TOOL [SECONDS]

Runs the bundled ViT on a pseudo-terminal of 120 × 40 and prints a table: the time from a key to its answer on the
screen, what the thread of the screen takes of one core at ten frames a second, and bytes sent; and of a journal of a
million events the time and the greatest memory of drawing its last frame. Needs pyte, as the tests do.
"""
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Tests", "EndToEndTests", "Scripts"))
from terminal import ENTER, Terminal  # noqa: E402

EVENTS = 1_000_000
TICKS = os.sysconf("SC_CLK_TCK")


def screen_seconds(process):
    """The processor time of the thread that draws, which is the first one."""
    with open(f"/proc/{process}/task/{process}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def answers(terminal, count):
    """How long keys that do nothing take until the footer says so: the smallest change that has words."""
    times = []
    chance = random.Random(1)
    for number in range(count):
        terminal.watch(chance.uniform(0.06, 0.14))
        key = "ZWQY"[number % 4]
        begin = time.monotonic()
        terminal.press(key)
        terminal.wait(f"an answer to {key}", lambda: f"{key} does nothing here" in terminal.footer)
        times.append(1000 * (terminal.read_at - begin))
    return sorted(times)


def live(tool, folder, seconds):
    command = [tool, "workbench", "--steps", "300", "--output", os.path.join(folder, "run")]
    with Terminal(command, folder) as terminal:
        terminal.wait_for("Predicted", "of memory")
        idle = len(terminal.bytes), screen_seconds(terminal.process.pid), time.monotonic()
        terminal.watch(5)
        print(f"| start screen, idle | {len(terminal.bytes) - idle[0]} bytes in 5 s, "
              f"{share(terminal, idle):.1f} % of one core |")
        terminal.press(ENTER)
        terminal.wait_for("RUNNING", "step ")
        begin = len(terminal.bytes), screen_seconds(terminal.process.pid), time.monotonic()
        terminal.watch(seconds)
        elapsed = time.monotonic() - begin[2]
        print(f"| engine on all cores, 10 frames/s | {(len(terminal.bytes) - begin[0]) / elapsed / 1000:.1f} kB/s, "
              f"{share(terminal, begin):.1f} % of one core |")
        times = answers(terminal, 60)
        print(f"| key to screen, engine on all cores, ms | p50 {times[30]:.1f}, p95 {times[57]:.1f}, "
              f"max {times[-1]:.1f} |")
        terminal.press("q")
        terminal.wait_for("still in progress")
        terminal.press("y")
        terminal.wait_for_end()


def share(terminal, before):
    _, used, at = before
    return 100 * (screen_seconds(terminal.process.pid) - used) / (time.monotonic() - at)


def long_journal(tool, folder):
    """A run of the bundled ViT, whose steps are told again until there are a million events."""
    run = os.path.join(folder, "long")
    subprocess.run([tool, "run", "--model", "sample:fashion-vit", "--steps", "20", "--output", run],
                   stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    path = os.path.join(run, "journal.jsonl")
    lines = [json.loads(line) for line in open(path, encoding="utf-8")]
    steps = [line for line in lines if line.get("event") == "stepped"]
    first = next(index for index, line in enumerate(lines) if line.get("event") == "stepped")
    last = next(index for index, line in enumerate(lines) if line.get("event") == "unit_finished")
    with open(path, "w", encoding="utf-8") as file:
        sequence, chain = 0, ""

        def write(line):
            """Writes a line with its number, and with the digest that ties it to the line before (docs/events.md)."""
            nonlocal sequence, chain
            sequence += 1
            line = {name: value for name, value in line.items() if name != "chain"}
            text = json.dumps({**line, "seq": sequence, "time": sequence * 0.036}, separators=(",", ":"),
                              ensure_ascii=False).removesuffix("}")
            chain = hashlib.sha256((chain + text).encode()).hexdigest()
            file.write(f'{text},"chain":"{chain}"}}\n')

        for line in lines[:first]:
            write(line)
        sample = [line for line in steps if line["unit"] == lines[first]["unit"]]
        for number in range(EVENTS - len(lines)):
            write({**sample[number % len(sample)], "step": number + 1, "steps": EVENTS})
        for line in lines[last:]:
            write(line)
    # They tell of the journal that was replaced.
    for name in ("report.json", "predictions.json"):
        os.remove(os.path.join(run, name))
    size = os.path.getsize(path)
    begin = time.monotonic()
    process = subprocess.Popen(
        [tool, "workbench", "--snapshot", os.path.join(folder, "last.txt"), "--replay", run])
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"the replay ended with status {status}")
    print(f"| {EVENTS} events replayed ({size / 1e6:.0f} MB) | {time.monotonic() - begin:.0f} s, "
          f"greatest memory {usage.ru_maxrss * 1024 / 1e6:.0f} MB |")
    with Terminal([tool, "workbench"], folder) as terminal:
        terminal.wait_for_footer("o open")
        terminal.press("o")
        terminal.wait_for("A checkpoint, a plan")
        terminal.press("\x15" + run + ENTER)
        terminal.wait("the recorded run", lambda: "1 Units" in terminal.text, patience=900)
        with open(f"/proc/{terminal.process.pid}/status", encoding="utf-8") as file:
            status = file.read()
        now, most = (int(re.search(rf"{name}:\s+(\d+)", status).group(1)) / 1000 for name in ("VmRSS", "VmHWM"))
        print(f"| the same, opened in the workbench | memory {now:.0f} MB, greatest {most:.0f} MB |")
        terminal.press("q")
        terminal.wait_for_end()


def main():
    tool = os.path.abspath(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20
    print(f"| what | measured on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} |\n| --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        live(tool, folder, seconds)
        long_journal(tool, folder)


main()
