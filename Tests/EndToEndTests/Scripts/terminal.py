"""A pseudo-terminal with a screen, for tests that use the workbench as a person does.

Everything waits until the screen shows something, or fails with the screen; only silence is waited for by the clock.
"""

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time

import pyte

# Machines that test are slow and busy; a wait that is met takes no longer than it has to.
PATIENCE = 300.0

ENTER = "\r"
ESCAPE = "\x1b"
# What a terminal in the keypad mode that the workbench asks for sends.
UP, DOWN, RIGHT, LEFT = ("\x1bO" + letter for letter in "ABCD")
ERASE_LINE = "\x15"
CONTROL_C = "\x03"
CONTROL_Z = "\x1a"

ALTERNATE_SCREEN = 1049
ALTERNATE_SCREENS = {47, 1047, 1048, ALTERNATE_SCREEN}
SYNCHRONISED = 2026
PASTE = 2004
CURSOR = 25
MOUSE = (1000, 1002, 1003, 1006)

PRIVATE_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")


class Failure(Exception):
    """What was expected and did not come."""


def expect(condition, message):
    if not condition:
        raise Failure(message)


class Terminal:
    """A program on its own terminal."""

    def __init__(self, command, folder, size=(120, 40), environment=None):
        """Starts a command.

        size is (columns, rows); in environment, None takes a variable away.
        """
        self.bytes = b""
        # When something was read last, before it was looked at.
        self.read_at = 0.0
        self.screen = pyte.Screen(*size)
        self.stream = pyte.ByteStream(self.screen)
        self.master, self.slave = os.openpty()
        self.set_size(size)
        self.modes_before = termios.tcgetattr(self.slave)
        variables = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        for name in ("NO_COLOR", "COLORTERM", "LINES", "COLUMNS"):
            variables.pop(name, None)
        # Settings and what is remembered are the test's own.
        for name in ("CONFIG", "STATE", "CACHE", "DATA"):
            variables[f"XDG_{name}_HOME"] = os.path.join(folder, "xdg", name.lower())
        for name, value in (environment or {}).items():
            variables.pop(name, None)
            if value is not None:
                variables[name] = value
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    # Acting

    def press(self, keys):
        os.write(self.master, keys.encode())

    def click(self, text):
        """Clicks on the first letter of what the footer shows."""
        column, row = self.footer.index(text) + 1, len(self.lines)
        self.press(f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")

    def send(self, number):
        os.kill(self.process.pid, number)

    def set_size(self, size):
        """Gives the terminal another size; the kernel notifies the program."""
        columns, rows = size
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # Looking

    @property
    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self):
        return "\n".join(self.lines)

    @property
    def footer(self):
        return self.lines[-1]

    def picture(self):
        """The screen in a frame, for messages."""
        width = self.screen.columns
        edge = "+" + "-" * width + "+"
        return "\n".join([edge, *(f"|{line:<{width}}|" for line in self.lines), edge])

    def _read(self, seconds):
        """Takes what the program writes within a time; returns whether there was anything."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        data = os.read(self.master, 65536)
        self.read_at = time.monotonic()
        self.bytes += data
        self.stream.feed(data)
        return True

    def is_stopped(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"

    # Waiting

    def wait(self, what, condition, patience=PATIENCE):
        """Waits until a condition holds and returns what it gave."""
        end = time.monotonic() + patience
        while True:
            while self._read(0):
                pass
            if result := condition():
                return result
            if self.process.poll() is not None and not self._read(0):
                raise Failure(f"the program ended ({self.process.returncode}) before {what}\n{self.picture()}")
            if time.monotonic() > end:
                raise Failure(f"within {patience:.0f} s there was not {what}\n{self.picture()}")
            self._read(0.1)

    def watch(self, seconds):
        """Takes what the program writes within a time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    def settle(self):
        """Waits until the program has written nothing for half a second."""
        end = time.monotonic() + PATIENCE
        while self._read(0.5):
            expect(time.monotonic() < end, f"the program writes without end\n{self.picture()}")

    def wait_for(self, *texts):
        """Waits until the screen shows all of some texts at once."""
        self.wait(" and ".join(map(repr, texts)), lambda: all(text in self.text for text in texts))

    def wait_for_footer(self, *texts):
        self.wait(
            "a footer with " + " and ".join(map(repr, texts)), lambda: all(text in self.footer for text in texts)
        )

    def wait_without(self, text):
        self.wait(f"a screen without {text!r}", lambda: text not in self.text)

    def wait_for_end(self, patience=PATIENCE):
        """Waits until the program has ended and returns its exit code, 128 + n for a signal that killed it."""
        end = time.monotonic() + patience
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise Failure(f"the program did not end within {patience:.0f} s\n{self.picture()}")
            self._read(0.05)
        while self._read(0):
            pass
        code = self.process.returncode
        return code if code >= 0 else 128 - code

    # Judging

    def private_modes(self):
        """What each private mode was last set to, and whether it ever was set."""
        last, ever = {}, set()
        for match in PRIVATE_MODE.finditer(self.bytes):
            for number in match.group(1).split(b";"):
                last[int(number)] = match.group(2) == b"h"
                if match.group(2) == b"h":
                    ever.add(int(number))
        return last, ever

    def expect_restored(self, had_screen=True, is_inline=False):
        """Says what is not as it was before the program started; an inline screen never takes the alternate one."""
        last, ever = self.private_modes()
        if is_inline:
            expect(not ever & ALTERNATE_SCREENS, f"the alternate screen was taken: {ever}")
            expect(1006 in ever, "the mouse was never asked for")
        elif had_screen:
            expect(ALTERNATE_SCREEN in ever, "the alternate screen was never taken")
            expect(1006 in ever, "the mouse was never asked for")
        for mode, name in [
            (ALTERNATE_SCREEN, "the alternate screen"),
            (SYNCHRONISED, "synchronised output"),
            (PASTE, "bracketed paste"),
            *((mode, f"mouse mode {mode}") for mode in MOUSE),
        ]:
            expect(not last.get(mode, False), f"{name} is still on")
        expect(last.get(CURSOR, True), "the cursor is still hidden")
        after = termios.tcgetattr(self.slave)
        expect(after == self.modes_before, f"the terminal's modes were {self.modes_before}, now they are {after}")

    def after_screen(self):
        """What was written after the alternate screen was left, as text."""
        _, _, rest = self.bytes.rpartition(b"\x1b[?1049l")
        return re.sub(rb"\x1b(\[[0-9;?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78])", b"", rest).decode(errors="replace")
