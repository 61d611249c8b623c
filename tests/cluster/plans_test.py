#!/usr/bin/env python3
"""Plans of faults, one a seed: kill, freeze and cut off trackers, superpeers and readers.

The same plan is run by the simulator with its checkers, and by real processes on hosts of their
own, of which each reader that is not killed for good must end with the origin's bytes, and each
such tracker with all others as members.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tools"))

# pylint: disable=wrong-import-position
import namespace
import plan as plans
from plan_hosts import NEEDS
from plan_world import World


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="plans_test.py", description=__doc__,
        epilog="Exit codes: 0 all is well; 1 something is wrong; 2 a wrong argument; 77 real "
        "processes can't have hosts of their own here. TYTO_BIN_DIR: the build folder.")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the first (default 1)")
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="how many (default 1)")
    parser.add_argument("--with", dest="which", choices=("both", "sim", "real"), default="both",
                        help="what carries the plans out (default both)")
    parser.add_argument("--print", action="store_true",
                        help="print the plan as a scenario for tyto-sim, and do nothing else")
    arguments = parser.parse_args()
    if arguments.seed < 0 or arguments.runs < 1:
        parser.error("arguments --seed and --runs: expected whole numbers, from 0 and from 1 on")
    return arguments


def simulate(plan, build, folder):
    file = folder / f"plan-{plan.seed}.toml"
    file.write_text(plan.toml())
    done = subprocess.run([build / "sim" / "tyto-sim", "run", file, "--seed", str(plan.seed)],
                          capture_output=True, text=True, check=False, timeout=600)
    return [] if done.returncode == 0 else [f"in the simulator: {done.stdout}{done.stderr}"]


def carry_out(plan, build, folder):
    """In a process of its own, since its namespaces are to end with it."""
    world = World(plan, build, folder, lambda line: print(f"  {line}", flush=True))
    try:
        wrong = world.run()
        if wrong:
            print(world.logs())
        return wrong
    finally:
        world.close()


def run_real(seed):
    command = ["unshare", "-m", "-n", sys.executable, "-B", __file__, "--seed", str(seed), "--with",
               "real"]
    done = subprocess.run(command, check=False, env={**os.environ, "TYTO_IN_NAMESPACE": "1"},
                          capture_output=True, text=True, timeout=900)
    print(done.stdout, end="", flush=True)
    return [] if done.returncode == 0 else [f"with real processes: see above; {done.stderr}"]


def run(seed, which, build):
    plan = plans.draw(seed)
    is_inside = bool(os.environ.get("TYTO_IN_NAMESPACE"))
    if not is_inside:
        print(f"plan {seed}: {plan.trackers} trackers, {plan.superpeers} superpeers, "
              f"{plan.readers} readers", *(fault.text() for fault in plan.faults), sep="\n  ")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tyto-plan-"))
    try:
        if is_inside:
            return carry_out(plan, build, folder)
        wrong = simulate(plan, build, folder) if which != "real" else []
        return wrong + (run_real(seed) if which != "sim" else [])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    arguments = parse_arguments()
    if arguments.print:
        print(plans.draw(arguments.seed).toml(), end="")
        return 0
    build = pathlib.Path(os.environ.get("TYTO_BIN_DIR", TREE / "build" / "release"))
    if arguments.which != "sim" and not os.environ.get("TYTO_IN_NAMESPACE"):
        namespace.check("-m", "-n", needs=NEEDS, what="a network of one's own")
    failed = []
    for seed in range(arguments.seed, arguments.seed + arguments.runs):
        wrong = run(seed, arguments.which, build)
        for sentence in wrong:
            print(f"plan {seed}: {sentence}", file=sys.stderr)
        failed += [seed] if wrong else []
    if failed and not os.environ.get("TYTO_IN_NAMESPACE"):
        print(f"failed: seeds {failed}; once more: {sys.argv[0]} --seed {failed[0]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
