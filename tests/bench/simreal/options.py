"""The arguments of `tools/bench simreal`."""

import argparse
import pathlib

from simreal.cases import BY_NAME, CASES


def parse(arguments):
    """Ends the program with code 2 and a message when the arguments make no sense."""
    parser = _parser()
    given = parser.parse_args(arguments)
    problem = _problem(given)
    if problem:
        parser.error(problem)
    given.size = int(given.size_mib * (1 << 20))
    return given


def _parser():
    parser = argparse.ArgumentParser(
        prog="tools/bench simreal", allow_abbrev=False,
        description="Runs the same cases for real, in network namespaces with shaped links, and in "
                    "the simulator, and says how far they are apart.",
        epilog="Exit codes: 0 measured, 1 something failed, 2 wrong usage, 3 this machine forbids "
               "network namespaces or traffic shaping. docs/benchmarks.md says what each figure "
               "means.")
    add = parser.add_argument
    add("--cases", type=_case_names, default=list(BY_NAME), metavar="A,B",
        help=f"which (default {','.join(BY_NAME)})")
    add("--size-mib", type=float, default=32, metavar="S", help="size of the file (default 32)")
    add("--rate-mbit", type=float, default=50, metavar="R", help="of every link (default 50)")
    add("--runs", type=int, default=3, metavar="K", help="real ones of each case (default 3)")
    add("--seed", type=int, default=1, metavar="X", help="of the file's bytes (default 1)")
    add("--calibrate", action="store_true",
        help="fit the model's constants to the cases meant for it, and keep them")
    add("--real", type=pathlib.Path, metavar="FILE",
        help="take the real runs from a file that --json wrote, of the same size and rate")
    add("--json", type=pathlib.Path, metavar="FILE", help="keep all figures there")
    add("--build", type=pathlib.Path, metavar="FOLDER",
        help="use the programs of this build folder (default: builds the release preset)")
    return parser


def _case_names(text):
    names = text.split(",")
    for name in names:
        if name not in BY_NAME:
            raise argparse.ArgumentTypeError(
                f"there is no case '{name}'; there are {', '.join(BY_NAME)}")
    return names


def _problem(given):
    """What is wrong with the values, or None."""
    to_fit = [case.name for case in CASES if case.is_calibration]
    checks = (
        (1 <= given.size_mib <= 4096, "--size-mib must be 1 to 4096"),
        (4 <= given.rate_mbit <= 100_000, "--rate-mbit must be 4 to 100000"),
        (1 <= given.runs <= 100, "--runs must be 1 to 100"),
        (not given.json or given.json.absolute().parent.is_dir(),
         f"--json: the folder of {given.json} does not exist"),
        (not given.real or given.real.is_file(), f"--real: {given.real} is not a file"),
        (not given.build or given.build.is_dir(), f"--build: {given.build} is not a folder"),
        (not given.calibrate or set(to_fit) & set(given.cases),
         f"--calibrate needs cases to fit to, of these: {', '.join(to_fit)}"),
    )
    return next((text for is_good, text in checks if not is_good), None)
