"""Uses the workbench on a pseudo-terminal, as a person does.

    workbench.py session TOOL FOLDER               a whole session on the bundled ViT
    workbench.py journey TOOL FOLDER SAMPLE        from the start screen to an exported file, by the footer alone
    workbench.py signal TOOL FOLDER NAME FLAG...   a run with these flags that the signal NAME ends
    workbench.py hang-up TOOL FOLDER               a terminal that goes away
    workbench.py resume TOOL FOLDER FLAG...        a run with these flags that is killed and goes on
    workbench.py changed-inputs TOOL FOLDER FLAG... a killed run whose images have changed
    workbench.py quit TOOL FOLDER FLAG...          a run with these flags that its user leaves
    workbench.py sweep TOOL FOLDER FLAG...         a run with these flags, and a sweep that takes steps
    workbench.py in-use TOOL FOLDER FLAG...        a run with these flags that another process works on
    workbench.py still TOOL FOLDER                 a screen on which nothing changes
    workbench.py settings TOOL FOLDER              keys, themes and what is remembered from one time to the next
    workbench.py suspend TOOL FOLDER               the start screen, put aside and taken up again
    workbench.py end PROBE FOLDER KIND CODE TEXT   a terminal whose program ends in a way that no user asks for
    workbench.py stays PROBE FOLDER KIND CODE TEXT the same without the alternate screen
    workbench.py inline TOOL FOLDER FLAG...        a run with these flags without the alternate screen
    workbench.py no-inline TOOL FOLDER             what is said where the alternate screen cannot be done without
    workbench.py screen TOOL FOLDER NAME=VALUE...  the start screen in an environment
    workbench.py refusal TOOL FOLDER NAME=VALUE... the sentence in an environment without a screen

Prints nothing and ends with 0 where everything is as expected; otherwise says what is not, with the screen.
An empty VALUE sets a variable to nothing, `NAME` alone takes it away.
"""

import json
import os
import re
import signal
import subprocess
import sys

from terminal import (
    ALTERNATE_SCREEN,
    CONTROL_C,
    CONTROL_Z,
    DOWN,
    ENTER,
    ERASE_LINE,
    ESCAPE,
    LEFT,
    RIGHT,
    UP,
    Failure,
    Terminal,
    expect,
)

# Not 39 and 49, which give a terminal its own colours back.
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:[34][0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


def session(tool, folder):
    export = os.path.join(folder, "session.safetensors")
    run = os.path.join(folder, "session")
    command = [tool, "workbench", "--steps", "4", "--batch", "8", "--output", run]
    with Terminal(command, folder) as terminal:
        start(terminal)
        pause(terminal)
        look_for_help(terminal)
        change_steps(terminal, run)
        go_on_through_sizes(terminal)
        top1 = read_result(terminal)
        export_packed(terminal, export)
        terminal.press("q")
        expect_end(terminal, 0)
        expect("run directory" in terminal.after_screen(), "the run's folder is not printed at the end")
    compare(tool, folder, export, top1)


def start(terminal):
    """The bundled model is there, and one key starts it."""
    terminal.wait_for("fashion-vit", "ViT, 6 blocks", "Weight bits", "Steps per unit")
    terminal.wait_for_footer("Enter start the run", "q quit")
    terminal.press(ENTER)
    terminal.wait_for("1 Units", "2 Reconstruction", "3 Contributions", "4 Sweep", "5 Parameters", "6 Log")
    terminal.wait_for_footer("Space pause")


def pause(terminal):
    """Space takes the run to the next gate."""
    terminal.press(" ")
    terminal.wait_for("PAUSE queued")
    # It may measure baselines there.
    terminal.wait_for("before unit", "waiting at the gate before")
    terminal.wait_for_footer("Space continue", "e edit")


def look_for_help(terminal):
    """A click on the footer is as good as its key."""
    terminal.click("? help")
    terminal.wait_for("Help", "type to filter", "pause at the next gate, or continue")
    terminal.press(ESCAPE)
    terminal.wait_without("type to filter")


def change_steps(terminal, run):
    """The keys of the footer lead to a changed parameter."""
    terminal.press("e")
    # What differs from the preset comes first.
    terminal.wait("steps as the selected parameter", lambda: selected_parameter(terminal) == ("steps", "4"))
    terminal.wait_for_footer("Enter change")
    terminal.press(ENTER)
    terminal.wait_for_footer("Enter accept", "Esc cancel")
    terminal.press(ERASE_LINE + "many" + ENTER)
    terminal.wait_for("steps cannot be")
    terminal.press(ERASE_LINE + "3" + ENTER)
    terminal.wait_for("applied: 4")
    terminal.wait_for_footer("a apply", "u undo")
    terminal.press("a")
    terminal.wait_for("on: steps = 3")
    terminal.wait_without("applied: 4")
    events = [json.loads(line) for line in open(os.path.join(run, "journal.jsonl"), encoding="utf-8")]
    changes = [event for event in events if event.get("event") == "changed"]
    expect(len(changes) == 1, f"the journal has {len(changes)} changes")
    expect("steps" in json.dumps(changes[0]), f"the journal's change is {changes[0]}")


def selected_parameter(terminal):
    for line in terminal.lines:
        if match := re.search(r"▶ ([a-z_]+) +(\S+)", line):
            return match.groups()
    return None


def go_on_through_sizes(terminal):
    """The screen fits into any size while the run goes on."""
    terminal.press(" ")
    terminal.wait_without("before unit")
    terminal.set_size((80, 24))
    terminal.wait_for("1 Units", "6 Log")
    terminal.wait_for_footer("quit")
    expect("3 Contributions ─" not in terminal.text, f"80 × 24 has the large layout\n{terminal.picture()}")
    terminal.set_size((50, 10))
    terminal.wait_for("Terminal too small (50×10); needs 60×16")
    terminal.set_size((120, 40))
    terminal.wait_for("1 Units", "5 Parameters", "6 Log")


def read_result(terminal):
    """The result is shown in place; its top-1 as it is written there."""
    terminal.wait_for("DONE in", "calibrated", "SQNR", "times smaller")
    terminal.wait_for_footer("x export", "n new run")
    for line in terminal.lines:
        if match := re.search(r"top-1 +([0-9.]+) % +([0-9.]+) % +([0-9.]+) %", line):
            return match.group(3)
    raise Failure(f"the result has no top-1\n{terminal.picture()}")


def export_packed(terminal, path):
    terminal.press("x")
    terminal.wait_for("Export", "packed", "recipe", "Enter write", "Esc cancel")
    terminal.press(ERASE_LINE + "/nowhere/at/all" + ENTER)
    terminal.wait_for("the folder /nowhere/at does not exist")
    terminal.press(ERASE_LINE + path)
    terminal.wait_for(os.path.basename(path))
    terminal.press(ENTER)
    terminal.wait_for("Wrote")
    expect(os.path.getsize(path) > 0, f"{path} is empty")
    terminal.press(ESCAPE)
    terminal.wait_without("Wrote")


def compare(tool, folder, export, top1):
    """What was shown is what the exported file gives."""
    result = subprocess.run([tool, "evaluate", export, "--json"], cwd=folder, capture_output=True, text=True)
    expect(result.returncode == 0, f"evaluate ended with {result.returncode}: {result.stderr}")
    measured = json.loads(result.stdout)["top1"]
    expect(f"{measured:.2f}" == top1, f"the screen said {top1} % top-1, the exported file gives {measured}")


def expect_end(terminal, code, had_screen=True):
    ended = terminal.wait_for_end()
    expect(ended == code, f"it ended with {ended}, not {code}\n{terminal.after_screen()}")
    terminal.expect_restored(had_screen)


KEYS = {"Enter": ENTER, "Esc": ESCAPE, "Up": UP, "Down": DOWN, "Left": LEFT, "Right": RIGHT, "Space": " ", "Tab": "\t"}


def use(terminal, key, what):
    """Presses a key that the footer shows now, as a person without knowledge of the keys does."""

    def is_shown():
        entries = [entry.split(" ") for entry in re.split(" {2,}", terminal.footer.strip())]
        width = len(what.split(" "))
        return any(" ".join(words[-width:]) == what and key in words[:-width] for words in entries)

    terminal.wait(f"{key!r} for {what!r} in the footer", is_shown)
    terminal.press(KEYS.get(key, key))


def shown_model(terminal):
    return re.search(r"Model +(\S+)", terminal.text).group(1)


SAMPLES = {f"sample:fashion-{name}" for name in ("vit", "deit", "swin")}
ARCHITECTURES = {"fashion-vit": "ViT,", "fashion-deit": "distilled ViT,", "fashion-swin": "Swin,"}


def journey(tool, folder, sample):
    """Whoever only reads the footer gets from the start screen to a file with any bundled model."""
    command = [tool, "workbench", "--steps", "2", "--batch", "8", "--set", "calibration_images=64"]
    with Terminal(command, folder) as terminal:
        terminal.wait_for("Model", "sample:fashion-vit", "Predicted")
        use(terminal, "Up", "choose")
        while (model := shown_model(terminal)) != f"sample:{sample}":
            use(terminal, "Left", "change")
            # A half-drawn name is not a model, and another key would leave the one that is coming.
            terminal.wait("another model", lambda: shown_model(terminal) in SAMPLES - {model})
        # The card comes with the end of reading; Enter is refused before, and the name is drawn before "being read".
        terminal.wait(f"the card of {sample}", lambda: ARCHITECTURES[sample] in terminal.text)
        use(terminal, "Enter", "start the run")
        terminal.wait_for("DONE in", "times smaller")
        top1 = read_result(terminal)
        use(terminal, "x", "export")
        use(terminal, "Enter", "write")
        terminal.wait_for("Wrote", "verified: read back", "logits of 8 images are the same")
        use(terminal, "Esc", "close")
        terminal.wait_without("Wrote")
        use(terminal, "q", "quit")
        expect_end(terminal, 0)
    compare(tool, folder, os.path.join(folder, f"{sample}-w4a4.safetensors"), top1)


def end_by_signal(tool, folder, name, *flags):
    number = signal.Signals[name]
    with Terminal([tool, "workbench", *flags], folder) as terminal:
        terminal.wait_for_footer("Enter start the run")
        terminal.press(ENTER)
        terminal.wait_for("RUNNING", "step ")
        terminal.send(number)
        expect_end(terminal, 128 + number)


def hang_up(tool, folder):
    """A terminal that goes away says so more than once; what is remembered is written all the same."""
    with Terminal([tool, "workbench"], folder) as terminal:
        terminal.wait_for_footer("Enter start the run")
        terminal.press(":")
        terminal.wait_for("Commands")
        terminal.press("theme paper" + ENTER)
        terminal.wait_without("Commands")
        while terminal.process.poll() is None:
            terminal.send(signal.SIGHUP)
            terminal.watch(0.001)
        expect_end(terminal, 128 + signal.SIGHUP)
    expect("paper" in remembered(folder), "the theme is not remembered")


def remembered(folder):
    """The text of what the workbench remembers; empty where that is nothing."""
    state = os.path.join(folder, "xdg", "state", "mgrq", "state.json")
    return open(state, encoding="utf-8").read() if os.path.exists(state) else ""


def kill_a_run(tool, folder, flags):
    """Starts a run in the workbench and kills it in its steps, once it is remembered; returns its folder."""
    run = os.path.join(folder, "killed")
    with Terminal([tool, "workbench", *flags, "--output", run], folder) as terminal:
        use(terminal, "Enter", "start the run")
        terminal.wait_for("RUNNING", "step ")
        # Memory is written beside the run; on a busy machine steps may come first.
        terminal.wait("the run in state.json", lambda: run in remembered(folder))
        terminal.send(signal.SIGKILL)
        terminal.wait_for_end()
    return run


def resume_the_killed(terminal):
    """Chooses the killed run on the start screen and resumes it."""
    terminal.wait_for("Recent runs", "killed", "not finished")
    use(terminal, "Up", "choose")
    use(terminal, "Up", "choose")
    use(terminal, "r", "resume it")


def stop(terminal):
    use(terminal, "q", "quit")
    use(terminal, "y", "stop and quit")
    expect_end(terminal, 0)


def resume(tool, folder, *flags):
    """Whoever was killed in the middle of a run finds it on the start screen, and it goes on."""
    run = kill_a_run(tool, folder, flags)
    with Terminal([tool, "workbench"], folder) as terminal:
        resume_the_killed(terminal)
        terminal.wait_for("RUNNING", "step ")
        stop(terminal)
    events = [json.loads(line).get("event") for line in open(os.path.join(run, "journal.jsonl"), encoding="utf-8")]
    expect(events.count("started") == 1, f"the run began {events.count('started')} times")
    expect("continued" in events, "the run did not go on")


def changed_inputs(tool, folder, *flags):
    """A run whose images have changed is not resumed, unless that is accepted."""
    run = kill_a_run(tool, folder, flags)
    with open(os.path.join(folder, "calibration.safetensors"), "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    with Terminal([tool, "workbench"], folder) as terminal:
        resume_the_killed(terminal)
        terminal.wait_for("calibration images", "has changed", "--accept-changed-inputs")
        expect("RUNNING" not in terminal.text, f"the run goes on\n{terminal.picture()}")
        use(terminal, "q", "quit")
        terminal.wait_for_end()
    journal = os.path.join(run, "journal.jsonl")
    expect('"continued"' not in open(journal, encoding="utf-8").read(), "the refused run went on")
    with Terminal([tool, "workbench", "--accept-changed-inputs"], folder) as terminal:
        resume_the_killed(terminal)
        terminal.wait_for("RUNNING", "step ")
        stop(terminal)
    expect('"continued"' in open(journal, encoding="utf-8").read(), "the accepted run did not go on")


def image_size(tool, folder):
    """The prediction is for the size that was asked for: one that arrays do not have is reported before any run."""
    with Terminal([tool, "workbench", "--image-size", "56"], folder) as terminal:
        terminal.wait_for("56 × 56 pixels", "Predicted", "unknown: ")
        use(terminal, "q", "quit")
        expect_end(terminal, 0)


def end_badly(probe, folder, kind, code, text):
    """Whatever ends the program: the terminal is as it was, the exit code tells the reason, and no output is lost."""
    # A backtrace takes half a minute on a busy machine, and it is Swift's own.
    environment = {"SWIFT_BACKTRACE": "enable=no"}
    with Terminal([probe, kind], folder, environment=environment) as terminal:
        terminal.wait_for("the probe is up")
        terminal.press("x")
        if kind == "stuck":
            # Nobody reads signals any more, and someone has to.
            terminal.wait_for("the key was read")
            terminal.send(signal.SIGTERM)
        expect_end(terminal, int(code))
        said = terminal.after_screen()
        expect(text in said, f"what was said is lost; the shell shows {said!r}")


def end_inline(probe, folder, kind, code, text):
    """As above without the alternate screen: the last frame remains, with the messages below it."""
    environment = {"SWIFT_BACKTRACE": "enable=no"}
    with Terminal([probe, kind, "inline"], folder, environment=environment) as terminal:
        terminal.wait_for("the probe is up")
        terminal.press("x")
        if kind == "stuck":
            terminal.wait_for("the key was read")
            terminal.send(signal.SIGTERM)
        ended = terminal.wait_for_end()
        expect(ended == int(code), f"it ended with {ended}, not {code}\n{terminal.picture()}")
        expect_frame_left(terminal, "the probe is up")
        expect(text in terminal.text, f"what was said is lost\n{terminal.picture()}")


def expect_frame_left(terminal, *texts):
    """The alternate screen was never taken, some texts of the last frame stay, and the shell goes on below them."""
    terminal.expect_restored(is_inline=True)
    expect(all(text in terminal.text for text in texts), f"the last frame is gone\n{terminal.picture()}")
    cursor = terminal.screen.cursor
    expect(
        (cursor.x, cursor.y) == (0, terminal.screen.lines - 1) and not terminal.lines[-1],
        f"the shell would go on at {cursor.x}, {cursor.y}, not on its own line\n{terminal.picture()}",
    )


def inline(tool, folder, *flags):
    """Without the alternate screen the last frame stays: suspended, ended by a signal, and ended by its user."""
    command = [tool, "workbench", "--no-alt-screen", *flags]
    with Terminal(command, folder) as terminal:
        terminal.wait_for_footer("Enter start the run")
        terminal.press(CONTROL_Z)
        terminal.wait("a stopped program", terminal.is_stopped)
        # What it wrote before it stopped may still be on its way.
        terminal.wait("the shell's line", lambda: not terminal.lines[-1])
        expect_frame_left(terminal, "Weight bits", "Enter start the run")
        terminal.send(signal.SIGCONT)
        terminal.wait_for_footer("Enter start the run")
        terminal.press(ENTER)
        terminal.wait_for("RUNNING", "step ")
        terminal.send(signal.SIGTERM)
        ended = terminal.wait_for_end()
        expect(ended == 128 + signal.SIGTERM, f"it ended with {ended}\n{terminal.picture()}")
        expect_frame_left(terminal, "1 Units", "6 Log")
    # The settings file says it as well, and 24-bit colours do not stand against it.
    config = os.path.join(folder, "settings.yaml")
    with open(config, "w", encoding="utf-8") as file:
        file.write("screen: {alt_screen: false}\n")
    command = [tool, "workbench", "--config", config]
    with Terminal(command, folder, environment={"COLORTERM": "truecolor"}) as terminal:
        terminal.wait_for_footer("q quit")
        expect(b"\x1b[38;2;" in terminal.bytes, "there are no 24-bit colours")
        terminal.press("q")
        ended = terminal.wait_for_end()
        expect(ended == 0, f"it ended with {ended}\n{terminal.picture()}")
        expect_frame_left(terminal, "Weight bits")


def no_inline(tool, folder):
    """Where no description without the alternate screen can be made, one sentence says so and nothing is drawn."""
    nothing = os.path.join(folder, "nothing")
    os.makedirs(nothing)
    file = os.path.join(folder, "file")
    open(file, "w", encoding="utf-8").close()
    for environment, code, part in [
        ({"PATH": nothing}, 73, "tic"),
        ({"XDG_CACHE_HOME": file}, 73, f"{file}/mgrq/terminfo must be a folder that can be written"),
        ({"XDG_CACHE_HOME": None, "HOME": None}, 73, "XDG_CACHE_HOME or HOME"),
        ({"TERM": "no-such-terminal"}, 64, "TERM=no-such-terminal is not known"),
        ({"TERM": "dumb"}, 64, "cannot place its cursor"),
    ]:
        with Terminal([tool, "workbench", "--no-alt-screen"], folder, environment=environment) as terminal:
            ended = terminal.wait_for_end()
            said = terminal.bytes.decode().lstrip("\r")
            expect(ended == code, f"{environment}: it ended with {ended} and said {said!r}")
            expect(said.count("\n") == 1 and said.startswith("mgrq: "), f"{environment}: it said {said!r}")
            expect(part in said, f"{environment}: it does not say what to do: {said!r}")
            expect("\x1b" not in said, f"{environment}: it sent commands to the terminal: {said!r}")
            terminal.expect_restored(had_screen=False)


def leave(tool, folder, *flags):
    """`q` and Ctrl-C ask while a run is in progress; the second Ctrl-C is the answer."""
    with Terminal([tool, "workbench", *flags], folder) as terminal:
        terminal.wait_for_footer("Enter start the run")
        terminal.press(ENTER)
        terminal.wait_for("RUNNING", "step ")
        terminal.press("q")
        terminal.wait_for("The run is still in progress")
        terminal.press("n")
        terminal.wait_without("The run is still in progress")
        terminal.press(CONTROL_C)
        terminal.wait_for("The run is still in progress")
        terminal.press(CONTROL_C)
        expect_end(terminal, 130)


def sweep(tool, folder, *flags):
    """A sweep with steps, chosen and started by what the screen shows: its points come one by one, one is adopted."""
    run = os.path.join(folder, "swept")
    with Terminal([tool, "workbench", *flags, "--output", run], folder) as terminal:
        use(terminal, "Enter", "start the run")
        use(terminal, "Space", "pause")
        terminal.wait_for("before unit")
        # So that a unit is done, whichever gate that was.
        gate = re.search(r"before unit \S+", terminal.text).group()
        use(terminal, "s", "step")
        terminal.wait("the next gate", lambda: "before unit" in terminal.text and gate not in terminal.text)
        use(terminal, "w", "sweep")
        terminal.wait_for("Evaluated on", "calibrated only", "25 pairs", "cancel")
        # Weights of 4 and 8 bits, then the same activations.
        terminal.press(" " + RIGHT + " " + RIGHT + RIGHT + RIGHT + " ")
        terminal.press(DOWN + " " + LEFT + LEFT + LEFT + " " + LEFT + " ")
        terminal.wait_for("4 pairs")
        terminal.press(DOWN + DOWN + DOWN + RIGHT)
        terminal.wait_for("every unit is reconstructed")
        # The time is measured on another thread; it includes the steps.
        terminal.wait("a prediction", lambda: re.search(r"4 pairs, about .* each\.", terminal.text))
        terminal.press(ENTER)
        terminal.wait_for("4/4", "W8A8", "front")
        terminal.wait_for("sweep complete")
        use(terminal, "a", "adopt bits")
        terminal.wait_for("was measured for the whole model")
        use(terminal, "Enter", "coming units")
        terminal.wait_for("weight_bits = ", "before unit")
        stop(terminal)
    lines = [json.loads(line) for line in open(os.path.join(run, "journal.jsonl"), encoding="utf-8")]
    asked = [line for line in lines if line.get("command") == "sweep"]
    expect(len(asked) == 1 and asked[0]["steps"] > 0, f"the journal asks for {asked}")
    points = [line for line in lines if line.get("event") == "sweep_measured"]
    expect(len(points) == 4, f"the journal has {len(points)} points")
    begun = [line["unit"] for line in lines if line.get("event") == "unit_started"]
    expect(len(begun) <= 2, f"the sweep began units of the run: {begun}")


def in_use(tool, folder, *flags):
    """A run that another process works on is opened neither from the shell nor from the list, and is not disturbed."""
    run = os.path.join(folder, "busy")
    with Terminal([tool, "workbench", *flags, "--output", run], folder) as owner:
        use(owner, "Enter", "start the run")
        owner.wait_for("RUNNING", "step ")
        sentence = f"another process works on {run}; it can be opened when that ends"
        refused = subprocess.run([tool, "workbench", "--plain", run], cwd=folder, capture_output=True, text=True)
        expect(refused.returncode == 64, f"without a screen it ended with {refused.returncode}: {refused.stderr}")
        with Terminal([tool, "workbench", run], folder) as terminal:
            ended = terminal.wait_for_end()
            said = terminal.bytes.decode().replace("\r\n", "\n")
            expect(ended == 65 and said == f"mgrq: {sentence}\n", f"it ended with {ended} and said {said!r}")
        with Terminal([tool, "workbench", *flags], folder) as terminal:
            terminal.wait_for("Recent runs", "another process works on it")
            use(terminal, "R", "all runs")
            terminal.wait_for("in another process")
            terminal.press(ENTER)
            # The path may be too long for a line.
            terminal.wait_for("another process works on")
            terminal.press(ESCAPE)
            use(terminal, "q", "quit")
            expect_end(terminal, 0)
        step = int(re.search(r"step (\d+)/", owner.text).group(1))
        owner.wait("further steps", lambda: int(re.search(r"step (\d+)/", owner.text).group(1)) > step)
        owner.send(signal.SIGKILL)
        owner.wait_for_end()
    with Terminal([tool, "workbench", run], folder) as terminal:
        terminal.wait_for("1 Units", "head")
        terminal.wait_for_footer("Space resume")
        use(terminal, "q", "quit")
        expect_end(terminal, 0)


def suspend(tool, folder):
    """Ctrl-Z and SIGTSTP give the terminal back; what comes after draws everything again, at the size of then."""
    with Terminal([tool], folder) as terminal:
        terminal.wait_for_footer("Enter start the run")
        for stop, size in [
            (lambda: terminal.press(CONTROL_Z), (80, 24)),
            (lambda: terminal.send(signal.SIGTSTP), (120, 40)),
        ]:
            stop()
            terminal.wait("a stopped program", terminal.is_stopped)
            # What it wrote before it stopped may still be on its way.
            terminal.wait("the shell's screen", lambda: not terminal.private_modes()[0].get(ALTERNATE_SCREEN))
            terminal.expect_restored()
            terminal.screen.reset()
            terminal.set_size(size)
            terminal.send(signal.SIGCONT)
            terminal.wait_for("fashion-vit", "Weight bits")
            terminal.wait_for_footer("Enter start the run")
        terminal.press("q")
        expect_end(terminal, 0)


def still(tool, folder):
    """Nothing is sent while nothing changes: on the start screen, and over a run that is done."""
    command = [tool, "workbench", "--steps", "0", "--set", "calibration_images=64"]
    with Terminal(command, folder) as terminal:
        terminal.wait_for("Predicted", "of memory")
        expect_silence(terminal)
        use(terminal, "Enter", "start the run")
        terminal.wait_for("DONE in")
        expect_silence(terminal)
        use(terminal, "q", "quit")
        expect_end(terminal, 0)


def expect_silence(terminal, seconds=3):
    """The program ticks four times a second, and none of it reaches the screen."""
    terminal.settle()
    sent = len(terminal.bytes)
    terminal.watch(seconds)
    expect(len(terminal.bytes) == sent, f"{len(terminal.bytes) - sent} bytes were sent while nothing changed")


def settings(tool, folder):
    """Keys come from the settings file, the last theme and commands from the time before; mistakes are reported."""
    config = os.path.join(folder, "xdg", "config", "mgrq", "config.yaml")
    os.makedirs(os.path.dirname(config))
    with open(config, "w", encoding="utf-8") as file:
        file.write("keys: {help: H}\n")
    with Terminal([tool, "workbench"], folder) as terminal:
        terminal.wait_for_footer("Enter start the run", "H help", ": commands")
        terminal.press(":")
        terminal.wait_for("Commands", "themes")
        terminal.press("theme pap")
        terminal.wait_for("theme paper")
        terminal.press(ENTER)
        terminal.wait_without("Commands")
        terminal.press("H")
        terminal.wait_for("type to filter")
        terminal.press(ESCAPE)
        terminal.wait_without("type to filter")
        terminal.press("o")
        terminal.wait_for("A checkpoint, a plan")
        terminal.press(ERASE_LINE + "nowhere" + ENTER)
        terminal.wait_for("nowhere is not there")
        terminal.press(ESCAPE)
        terminal.wait_without("A checkpoint, a plan")
        terminal.press("q")
        expect_end(terminal, 0)
    with Terminal([tool, "workbench"], folder) as terminal:
        terminal.wait_for_footer("H help")
        terminal.press(":")
        terminal.wait_for("theme paper", "again")
        terminal.press(ESCAPE)
        terminal.wait_without("Commands")
        terminal.press("t")
        terminal.wait_for("▶ paper")
        terminal.press(ESCAPE)
        terminal.wait_without("▶ paper")
        terminal.press("q")
        expect_end(terminal, 0)
    own = os.path.join(folder, "own.yaml")
    with open(own, "w", encoding="utf-8") as file:
        file.write("name: own\nvariant: light\ninherits: paper\n")
    with Terminal([tool, "workbench", "--theme-file", own], folder) as terminal:
        terminal.wait_for_footer("H help")
        terminal.press("t")
        terminal.wait_for("▶ own")
        terminal.press(ESCAPE)
        terminal.wait_without("▶ own")
        terminal.press("q")
        expect_end(terminal, 0)
    with open(config, "w", encoding="utf-8") as file:
        file.write("keys:\n  helpp: H\n")
    with Terminal([tool, "workbench"], folder) as terminal:
        code = terminal.wait_for_end()
        said = terminal.bytes.decode()
        expect(code == 65, f"it ended with {code} and said {said!r}")
        expect(f"{config}:2: there is no key “helpp” in keys; did you mean “help”?" in said, f"it said {said!r}")


def variables(words):
    return {name: value if sign else None for name, sign, value in (word.partition("=") for word in words)}


def start_screen(tool, folder, *words):
    """The start screen comes, whatever the terminal can do, and `q` leaves everything as it was."""
    environment = variables(words)
    with Terminal([tool], folder, environment=environment) as terminal:
        terminal.wait_for("fashion-vit", "Weight bits")
        terminal.wait_for_footer("q quit")
        expect(terminal.lines[-1] and not terminal.lines[0], f"the screen is not filled\n{terminal.picture()}")
        has_colour = COLOUR.search(terminal.bytes) is not None
        wants_colour = not environment.get("NO_COLOR") and environment.get("TERM") != "vt100"
        expect(has_colour == wants_colour, f"colours were {'' if has_colour else 'not '}sent")
        terminal.press("q")
        expect_end(terminal, 0, had_screen=False)


def refusal(tool, folder, *words):
    """One sentence, nothing else, and the code for wrong use."""
    with Terminal([tool], folder, environment=variables(words)) as terminal:
        code = terminal.wait_for_end()
        # On leaving a terminal without commands ncurses returns the carriage.
        said = terminal.bytes.decode().lstrip("\r")
        expect(code == 64, f"it ended with {code} and said {said!r}")
        expect(said.count("\n") == 1 and said.startswith("mgrq: "), f"it said {said!r}")
        expect("TERM" in said and "--plain" in said, f"it does not say what to do: {said!r}")
        expect("\x1b" not in said, f"it sent commands to the terminal: {said!r}")
        terminal.expect_restored(had_screen=False)


SCENARIOS = {
    "session": session,
    "journey": journey,
    "signal": end_by_signal,
    "hang-up": hang_up,
    "resume": resume,
    "changed-inputs": changed_inputs,
    "image-size": image_size,
    "end": end_badly,
    "stays": end_inline,
    "inline": inline,
    "no-inline": no_inline,
    "quit": leave,
    "sweep": sweep,
    "in-use": in_use,
    "still": still,
    "settings": settings,
    "suspend": suspend,
    "screen": start_screen,
    "refusal": refusal,
}


def main(arguments):
    if len(arguments) < 3 or arguments[0] not in SCENARIOS:
        print(__doc__.strip(), file=sys.stderr)
        return 64
    try:
        SCENARIOS[arguments[0]](*arguments[1:])
    except Failure as failure:
        print(f"workbench.py {arguments[0]}: {failure}", file=sys.stderr)
        return 1
    return 0


sys.exit(main(sys.argv[1:]))
