#!/usr/bin/env python3
"""Breaks the sources on purpose, one fault at a time, and asks the tests to notice.

mutants.toml lists the faults. Each is applied to a copy of the package that holds one test target and the modules it
needs; the copy is built incrementally and its tests are run. A fault that no test reports survives.

Exit code 0: every mutant was killed by a named test. 1: a mutant survived, or could not be tested because its text does
not occur exactly once, it does not compile, or the tests crash or hang.
"""

import argparse
import dataclasses
import json
import pathlib
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = pathlib.Path(__file__).with_name("mutants.toml")
COPIES = ROOT / ".build-mutants"
SUPPORT = ["Sources", "Tests/TensorTestSupport", "Tests/TestSupport"]
BUILD_LIMIT, TEST_LIMIT = 1800, 120  # seconds
# Test targets, and the tests of them that are run.
FILTERS = {"ReconstructionTests": ".", "EngineTests": "RunTests|DecisionTests|BaselineTests", "RunsTests": "DiagnosisTests"}

# Appended to the manifest: keeps the test target and what it needs. Modules that no mutant changes are optimised, since
# kernels without optimisation are too slow to test with; the others build without, file by file.
MANIFEST_TAIL = """
var needed: Set = ["%(test_target)s"]
for _ in package.targets {
    for target in package.targets where needed.contains(target.name) {
        for case .byNameItem(let dependency, _) in target.dependencies { needed.insert(dependency) }
    }
}
package.targets.removeAll { !needed.contains($0.name) }
package.products = []
let mutated: Set = %(mutated)s
for target in package.targets where !mutated.contains(target.name) {
    if plainC.contains(target.name) {
        target.cSettings = (target.cSettings ?? []) + [.unsafeFlags(["-O2"])]
    } else {
        target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-O"])]
    }
}
"""


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One fault: `find` occurs exactly once in `file`, and `replace` takes its place."""

    name: str
    file: str
    find: str
    replace: str
    tests: str = "ReconstructionTests"

    @property
    def module(self):
        return pathlib.PurePath(self.file).parts[1]

    def applied(self, root):
        """The file's text with the fault in it; ValueError where the text does not occur exactly once."""
        path = root / self.file
        if not path.is_file():
            raise ValueError(f"{self.file} does not exist")
        text = path.read_text()
        count = text.count(self.find)
        if count != 1:
            raise ValueError(f"its text occurs {count} times in {self.file}, not once")
        if self.find == self.replace:
            raise ValueError("it changes nothing")
        return text.replace(self.find, self.replace)


def read_table():
    mutants = [Mutant(**entry) for entry in tomllib.loads(TABLE.read_text())["mutant"]]
    names = [mutant.name for mutant in mutants]
    for name in names:
        if names.count(name) > 1:
            sys.exit(f"mutants: two mutants are named {name!r}")
    for mutant in mutants:
        if mutant.tests not in FILTERS:
            sys.exit(f"mutants: {mutant.name}: there are no tests {mutant.tests!r}")
    return mutants


def check(mutants):
    """Reports mutants that cannot be applied, and returns how many there are."""
    failures = 0
    for mutant in mutants:
        try:
            mutant.applied(ROOT)
        except ValueError as error:
            print(f"mutants: {mutant.name}: {error}", file=sys.stderr)
            failures += 1
    return failures


def synchronise(source, target):
    """Makes `target` equal to `source`; equal files stay untouched, so that builds stay incremental."""
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    for path in [path for path in target.rglob("*") if path.is_file()]:
        if path.relative_to(target) not in wanted:
            path.unlink()
    for path in wanted:
        write(target / path, (source / path).read_bytes())


def write(path, data):
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def prepare(copy, tests, mutants):
    for folder in SUPPORT + ["Tests/" + tests]:
        synchronise(ROOT / folder, copy / folder)
    modules = sorted({mutant.module for mutant in mutants} | {tests})
    tail = MANIFEST_TAIL % {
        "test_target": tests,
        "mutated": "[" + ", ".join(f'"{module}"' for module in modules) + "]",
    }
    write(copy / "Package.swift", ((ROOT / "Package.swift").read_text() + tail).encode())


def run(command, copy, limit):
    """Runs a command in a copy; returns its exit code, None after `limit` seconds, and what it printed."""
    try:
        done = subprocess.run(
            command, cwd=copy, text=True, timeout=limit, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        return None, (expired.stdout or b"").decode(errors="replace")


def test(copy, tests):
    """Builds a copy and runs its tests: ("passed", []), ("killed", tests) or ("error", reasons)."""
    code, output = run(["swift", "build", "--build-tests"], copy, BUILD_LIMIT)
    if code != 0:
        lines = [line for line in output.splitlines() if "error:" in line]
        return "error", ["does not compile"] + lines[:3]
    stream = copy / "events.jsonl"
    stream.unlink(missing_ok=True)
    code, output = run(
        ["swift", "test", "--skip-build", "--disable-xctest", "--filter", FILTERS[tests],
         "--event-stream-output-path", stream, "--event-stream-version", "0"], copy, TEST_LIMIT)
    if code is None:
        return "error", [f"the tests did not end within {TEST_LIMIT} s"]
    failed, ended = failed_tests(stream)
    if not ended:
        return "error", ["the tests crashed"] + output.splitlines()[-3:]
    if code == 0:
        return "passed", []
    return ("killed", failed) if failed else ("error", ["the tests failed, but none by name"])


def failed_tests(stream):
    """The names of the tests that recorded an issue, and whether the run came to its end."""
    names, failed, ended = {}, set(), False
    for line in stream.read_text().splitlines() if stream.is_file() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:  # cut off by a crash
            break
        payload = record["payload"]
        if record["kind"] == "test":
            names[payload["id"]] = payload.get("displayName", payload["name"])
        elif payload["kind"] == "issueRecorded" and not payload["issue"]["isKnown"]:
            failed.add(names.get(payload.get("testID"), "no test"))
        elif payload["kind"] == "runEnded":
            ended = True
    return sorted(failed - {"no test"}), ended


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="run only mutants whose name contains one of these")
    parser.add_argument("--check", action="store_true", help="only check that every mutant can be applied")
    options = parser.parse_args()
    table = read_table()
    mutants = [mutant for mutant in table
               if not options.only or any(part in mutant.name for part in options.only)]
    if check(mutants):
        return 1
    if options.check:
        return 0

    survivors = errors = 0
    for tests in FILTERS:
        chosen = [mutant for mutant in mutants if mutant.tests == tests]
        if chosen:
            copy = COPIES / tests
            prepare(copy, tests, [mutant for mutant in table if mutant.tests == tests])
            counts = apply_all(chosen, copy, tests)
            survivors, errors = survivors + counts[0], errors + counts[1]
    print(f"{len(mutants)} mutants: {len(mutants) - survivors - errors} killed, {survivors} survived, {errors} not tested")
    return 1 if survivors or errors else 0


def apply_all(mutants, copy, tests):
    """Applies mutants one at a time; returns how many survived, and how many could not be tested."""
    begin = time.monotonic()
    outcome, details = test(copy, tests)
    if outcome != "passed":
        print(f"mutants: {tests} do not pass without a mutant", *details, sep="\n  ", file=sys.stderr)
        return 0, len(mutants)
    print(f"{tests}: every test passes without a mutant ({time.monotonic() - begin:.0f} s)", flush=True)
    survivors = errors = 0
    for mutant in mutants:
        begin = time.monotonic()
        path = copy / mutant.file
        original = path.read_text()
        path.write_text(mutant.applied(copy))
        try:
            outcome, details = test(copy, tests)
        finally:
            path.write_text(original)
        survivors += outcome == "passed"
        errors += outcome == "error"
        word = "SURVIVED" if outcome == "passed" else "ERROR" if outcome == "error" else "killed"
        print(f"{word:8} {mutant.name} ({time.monotonic() - begin:.0f} s)", flush=True)
        for line in details:
            print(f"           {line}", flush=True)
    return survivors, errors


if __name__ == "__main__":
    sys.exit(main())
