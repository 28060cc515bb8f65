"""Uses the workbench inside tmux, from a shell with job control.

    in_tmux.py session TOOL FOLDER FLAG...   a short run with these flags: colours, suspending, sizes, clicks far to
                                             the right
    in_tmux.py inline TOOL FOLDER            the start screen without the alternate screen

Prints nothing and ends with 0 where everything is as expected; otherwise says what is not, with the screen.
"""

import os
import signal
import subprocess
import sys
import time

PATIENCE = 300.0


class Failure(Exception):
    """What was expected and did not come."""


class Pane:
    """A shell in its own tmux server."""

    def __init__(self, folder, size):
        self.socket = os.path.join(folder, "tmux")
        # A server that inherits a blocked SIGTERM outlives kill-server, which sends itself one.
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        columns, rows = map(str, size)
        # What is remembered is the test's own.
        environment = [f"-eXDG_{name}_HOME={folder}/xdg/{name.lower()}" for name in ("CONFIG", "STATE", "CACHE", "DATA")]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, "-c", folder, *environment,
                  "env -u NO_COLOR -u COLORTERM LC_ALL=C.UTF-8 PS1='shell> ' bash --norc --noprofile")

    def tmux(self, *words):
        result = subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True)
        if result.returncode != 0:
            raise Failure(f"tmux {' '.join(words)}: {result.stderr.strip()}")
        return result.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True)

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def command(self, line):
        self.type(line)
        self.keys("Enter")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def text(self, *flags):
        return self.tmux("capture-pane", "-p", *flags)

    def wait(self, what, condition):
        end = time.monotonic() + PATIENCE
        while not condition(self.text()):
            if time.monotonic() > end:
                raise Failure(f"there was not {what}\n{self.text()}")
            time.sleep(0.05)

    def wait_for(self, *parts):
        self.wait(" and ".join(map(repr, parts)), lambda text: all(part in text for part in parts))


def expect(condition, message):
    if not condition:
        raise Failure(message)


def session(tool, folder, *flags):
    with Pane(folder, (120, 40)) as pane:
        pane.wait_for("shell>")
        pane.command("stty -g > modes-before")
        pane.command("clear; echo what stood here before")
        pane.wait_for("what stood here before")
        pane.command(" ".join([tool, "workbench", *flags]))
        pane.wait_for("Weight bits", "Enter start the run")
        expect("\x1b[38;5;" in pane.text("-e"), "no colour of the 256 reaches the screen")
        pane.keys("Enter")
        pane.wait_for("DONE in", "1 Units", "6 Log")
        # tmux has no name for a button of the mouse; these are the bytes that it would send.
        pane.resize(260, 50)
        pane.wait("a screen of 260 columns", lambda text: max(map(len, text.splitlines())) > 250)
        expect("/ filter" not in pane.text(), "the log has the focus already")
        log = next(row for row, line in enumerate(pane.text().splitlines(), 1) if "6 Log" in line)
        pane.type(f"\x1b[<0;250;{log + 1}M\x1b[<0;250;{log + 1}m")
        pane.wait_for("/ filter")
        pane.keys("C-z")
        pane.wait_for("Stopped", "what stood here before")
        expect("1 Units" not in pane.text(), f"the screen is still there while suspended\n{pane.text()}")
        pane.resize(80, 24)
        pane.command("fg")
        pane.wait_for("DONE in", "1 Units", "6 Log")
        lines = pane.text().splitlines()
        expect(max(map(len, lines)) <= 80 and "quit" in lines[23], f"the size of then is not used\n{pane.text()}")
        pane.keys("q")
        pane.wait_for("run directory", "shell>")
        expect("1 Units" not in pane.text(), f"something of the screen is left\n{pane.text()}")
        pane.command("stty -g > modes-after; echo compared")
        pane.wait("the modes", lambda text: "\ncompared" in text)
        before, after = (open(os.path.join(folder, f"modes-{when}")).read() for when in ("before", "after"))
        expect(before == after, f"the terminal's modes were {before}, now they are {after}")


def inline(tool, folder):
    """Without the alternate screen the last frame stays above the prompt, and what stood before is above that."""
    with Pane(folder, (80, 24)) as pane:
        pane.wait_for("shell>")
        pane.command("clear; echo what stood here before")
        pane.wait_for("what stood here before")
        pane.command(f"{tool} workbench --no-alt-screen")
        pane.wait_for("Weight bits", "q quit")
        expect("what stood here before" not in pane.text(), f"the frame is not alone\n{pane.text()}")
        pane.keys("C-z")
        pane.wait_for("Stopped", "Weight bits", "shell>")
        pane.command("fg")
        pane.wait("a frame alone", lambda text: "Weight bits" in text and "Stopped" not in text)
        pane.keys("q")
        pane.wait("the prompt below the frame", lambda text: text.rstrip().endswith("shell>"))
        expect("Weight bits" in pane.text(), f"the last frame is gone\n{pane.text()}")
        history = pane.text("-S", "-")
        expect("what stood here before" in history, f"what stood before is lost\n{history}")


SCENARIOS = {"session": session, "inline": inline}

try:
    SCENARIOS[sys.argv[1]](*sys.argv[2:])
except Failure as failure:
    print(f"in_tmux.py: {failure}", file=sys.stderr)
    sys.exit(1)
