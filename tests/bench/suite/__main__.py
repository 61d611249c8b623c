"""Makes every documented run, one after another, and says how each figure stands to its bar."""

import argparse
import json
import pathlib
import subprocess
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TREE / "tests" / "bench")]

# pylint: disable=wrong-import-position
from suite.runs import BY_NAME, judged

_FAILED, _WRONG_USAGE = 1, 2


def parse(words):
    parser = argparse.ArgumentParser(
        prog="tools/bench all", description=__doc__,
        epilog=f"Runs: {', '.join(BY_NAME)}. As root, on a machine that does nothing else.")
    parser.add_argument("--out", type=pathlib.Path, default=TREE / "docs" / "benchmarks",
                        help="the folder in which each run leaves its figures and plots "
                             "(docs/benchmarks)")
    parser.add_argument("--only", metavar="A,B", help="these runs alone")
    parser.add_argument("--runs", type=int, metavar="K",
                        help="how often each is repeated, rather than its own number")
    parser.add_argument("--judge", action="store_true",
                        help="measure nothing; judge what is in the folder")
    parser.add_argument("--list", action="store_true", help="name the commands, and run none")
    arguments = parser.parse_args(words)
    names = arguments.only.split(",") if arguments.only else list(BY_NAME)
    for name in names:
        if name not in BY_NAME:
            parser.error(f"there is no run named '{name}': expected some of {', '.join(BY_NAME)}")
    if arguments.runs is not None and arguments.runs < 1:
        parser.error(f"--runs {arguments.runs}: expected 1 or more")
    measures = not (arguments.judge or arguments.list)
    if measures and not arguments.out.is_dir():
        parser.error(f"--out {arguments.out}: is no folder; make it first")
    return arguments, [BY_NAME[name] for name in names]


def shown(path):
    return path.relative_to(TREE) if path.is_relative_to(TREE) else path


def measure(measurement, arguments):
    """True if it was measured and kept."""
    command = measurement.command(shown(arguments.out.absolute() / f"{measurement.name}.json"),
                                  arguments.runs)
    print(f"\n$ {' '.join(command)}", flush=True)
    if arguments.list:
        return True
    begun = time.monotonic()
    code = subprocess.run(command, cwd=TREE, check=False).returncode
    print(f"{measurement.name}: {time.monotonic() - begun:.0f} s", flush=True)
    if code:
        print(f"tools/bench all: {measurement.name} ended with {code}", file=sys.stderr)
    return code == 0


def judge(measurement, folder):
    """Lines for people."""
    path = folder / f"{measurement.name}.json"
    try:
        figures = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        return [f"{measurement.name}: nothing to judge: {path}: {error}"] if measurement.bars else []
    lines = []
    for bar, value, is_reached in judged(measurement, figures):
        sign = "<" if bar.is_below else "<="
        lines.append(f"{measurement.name:<9} {bar.what:<44} {value:>7.3f}  {sign} {bar.limit:<6.3f}"
                     f" {'reached' if is_reached else 'NOT REACHED'}")
    if figures.get("void"):
        lines.append(f"{measurement.name:<9} is void: the processor was measured, not the links")
    return lines


def main(words):
    arguments, measurements = parse(words)
    failed = []
    if not arguments.judge:
        failed = [each.name for each in measurements if not measure(each, arguments)]
    if not arguments.list:
        print()
        for each in measurements:
            if each.name not in failed:
                print(*judge(each, arguments.out), sep="\n")
    if failed:
        print(f"tools/bench all: failed: {', '.join(failed)}", file=sys.stderr)
    return _FAILED if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
