"""tools/bench tracker."""

import argparse
import datetime
import json
import os
import pathlib
import shlex
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TREE / "tests" / "bench")]

# pylint: disable=wrong-import-position
from versus import machine
from versus.building import built

_FAILED = 1
_PEERS_MIN = 100
_PEERS_PER_VERSION = 1000
_CURVE = (1_000, 10_000, 100_000, 1_000_000)
_FIGURES = ("core_decisions_per_s", "decisions_per_exchange", "bytes_per_peer_chunk",
            "bytes_per_idle_peer", "p99_decision_us")


def main():
    given = _parse(sys.argv[1:])
    build = (given.build or built("tracker", ("tracker_bench", "tracker_rpc_bench"))).absolute()
    curve = []
    for peers in given.peers:
        figures = _measure(build, peers, given)
        if figures is None:
            return _FAILED
        curve.append(figures)
        print(f"{peers:>9} peers  {figures['core_decisions_per_s']:>9.0f} decisions/s  "
              f"p99 {figures['p99_decision_us']:.1f} us", flush=True)
    # The largest fleet is what the targets speak of.
    rpc = _measure_rpc(build, given)
    if rpc is None:
        return _FAILED
    print(f"through RPC: {rpc['rpc_decisions_per_s']:.0f} decisions a second of the server's "
          f"processor, {rpc['rpc_us_per_decision']:.1f} us each", flush=True)
    result = {name: curve[-1][name] for name in _FIGURES}
    result |= {"rpc_decisions_per_s": rpc["rpc_decisions_per_s"], "rpc": rpc}
    result |= {"curve": curve, "command": shlex.join(["tools/bench", "tracker", *sys.argv[1:]]),
               "date": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
               "machine": machine.describe()}
    text = json.dumps(result, indent=1)
    if given.json:
        given.json.write_text(text + "\n", "utf-8")
    else:
        print(text)
    return 0


def _measure(build, peers, given):
    """The figures of one size, from a process of its own; None, and a message, if it failed."""
    return _run(build / "tests" / "bench" / "tracker_bench", peers, given)


def _measure_rpc(build, given):
    """The same through RPC, with the largest fleet known."""
    return _run(build / "tests" / "bench" / "tracker_rpc_bench", given.peers[-1], given)


def _run(program, peers, given):
    versions = given.versions or max(10, peers // _PEERS_PER_VERSION)
    command = [program, "--peers", str(peers), "--versions", str(versions), "--seconds",
               str(given.seconds)]
    large_pages = os.environ | {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=large_pages)
    if ran.returncode != 0:
        print(f"tools/bench tracker: {shlex.join(map(str, command))} ended with "
              f"{ran.returncode}: {ran.stderr.strip()}", file=sys.stderr)
        return None
    return json.loads(ran.stdout)


def _parse(arguments):
    """Ends the program with code 2 and a message when the arguments make no sense."""
    parser = argparse.ArgumentParser(
        prog="tools/bench tracker", allow_abbrev=False,
        description="The tracker's core under large fleets: decisions a second, and memory.",
        epilog="Exit codes: 0 measured, 1 something failed, 2 wrong usage. docs/benchmarks.md says "
               "what each figure means.")
    add = parser.add_argument
    add("--peers", type=_sizes, default=_CURVE, metavar="N,N",
        help=f"fleets, the smallest first (default {','.join(map(str, _CURVE))})")
    add("--versions", type=int, metavar="N",
        help=f"how many the peers hold (default: one for {_PEERS_PER_VERSION} peers, 10 at least)")
    add("--seconds", type=float, default=5, metavar="S",
        help="of the processor, for each fleet (default 5)")
    add("--json", type=pathlib.Path, metavar="FILE", help="keep all figures there")
    add("--build", type=pathlib.Path, metavar="FOLDER", help="programs built before")
    given = parser.parse_args(arguments)
    if given.versions is not None and given.versions < 1:
        parser.error(f"--versions is {given.versions}; expected 1 or more")
    if given.seconds <= 0:
        parser.error(f"--seconds is {given.seconds:g}; expected more than 0")
    return given


def _sizes(text):
    try:
        sizes = sorted(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers with commas, found {text!r}") from None
    if sizes[0] < _PEERS_MIN:
        raise argparse.ArgumentTypeError(f"expected {_PEERS_MIN} peers or more, found {sizes[0]}")
    return sizes


if __name__ == "__main__":
    sys.exit(main())
