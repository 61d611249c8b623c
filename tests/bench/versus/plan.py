"""What is to be measured: the arguments of `tools/bench versus`."""

import argparse
import dataclasses
import pathlib

SYSTEMS = ("tyto", "libtorrent", "tree", "cache", "direct")
READERS_MAX = 250
SLOW_DIVISOR = 4


@dataclasses.dataclass(frozen=True)
class Plan:
    """One call of the kit. Rates are in units of 10^6 bits a second; 0 is unshaped."""

    readers: int
    rate_mbit: float
    size: int
    systems: tuple
    racks: int = 0
    rack_mbit: float = 0.0
    stagger_s: float = 0.0
    slow_share: float = 0.0
    runs: int = 1
    seed: int = 1
    json: pathlib.Path = None
    build: pathlib.Path = None
    work_dir: pathlib.Path = None
    logs: pathlib.Path = None
    # Of other kits: this reader is killed so many seconds after the run's start.
    killed: int = None
    kill_s: float = 0.0

    def is_slow(self, reader):
        """Slow readers are spread evenly over all."""
        return int((reader + 1) * self.slow_share) > int(reader * self.slow_share)

    def reader_mbit(self, reader):
        return self.rate_mbit / SLOW_DIVISOR if self.is_slow(reader) else self.rate_mbit

    def rack_of(self, reader):
        """Racks are filled one after another, as evenly as can be; None without racks."""
        return reader * self.racks // self.readers if self.racks else None

    def start_s(self, reader):
        """When the reader starts, from the start of the run."""
        return self.stagger_s * reader / max(1, self.readers - 1)

    @property
    def survivors(self):
        return [reader for reader in range(self.readers) if reader != self.killed]

    @property
    def is_shaped(self):
        return self.rate_mbit > 0

    def deadline_s(self):
        """A run that takes longer has failed: four times what N copies over one link take."""
        at_rate = self.readers * self.size * 8e-6 / self.rate_mbit if self.is_shaped else 0
        return 60 + self.stagger_s + SLOW_DIVISOR * at_rate

    def as_json(self):
        return {"readers": self.readers, "rate_mbit": self.rate_mbit, "size_bytes": self.size,
                "systems": list(self.systems), "racks": self.racks, "rack_mbit": self.rack_mbit,
                "stagger_s": self.stagger_s, "slow_share": self.slow_share, "runs": self.runs,
                "seed": self.seed}


def parse(arguments):
    """Ends the program with code 2 and a message when the arguments make no sense."""
    parser = _parser()
    given = parser.parse_args(arguments)
    problem = _problem(given)
    if problem:
        parser.error(problem)
    given.size = int(given.size_mib * (1 << 20))
    if given.racks and not given.rack_mbit:
        given.rack_mbit = given.rate_mbit
    del given.size_mib
    return Plan(**vars(given))


def _parser():
    parser = argparse.ArgumentParser(
        prog="tools/bench versus", allow_abbrev=False,
        description="Moves one file to many readers in network namespaces with shaped links, by "
                    "each system in turn, and holds every copy's hash against the file's.",
        epilog="Exit codes: 0 measured, 1 a system failed or delivered wrong bytes, 2 wrong usage, "
               "3 this machine forbids network namespaces or traffic shaping. "
               "docs/benchmarks.md says what each figure means.")
    add = parser.add_argument
    add("--readers", type=int, default=16, metavar="N", help="default 16")
    add("--rate-mbit", type=float, default=50, metavar="R",
        help="rate of every host's link, both ways; 0: unshaped (default 50)")
    add("--size-mib", type=float, default=64, metavar="S", help="size of the file (default 64)")
    add("--systems", type=_systems, default=SYSTEMS, metavar="A,B",
        help=f"which, and in which order (default {','.join(SYSTEMS)})")
    add("--racks", type=int, default=0, metavar="K", help="put the readers behind K rack bridges")
    add("--rack-mbit", type=float, default=0, metavar="Q",
        help="rate of each rack's uplink, both ways (default: as --rate-mbit)")
    add("--stagger-s", type=float, default=0, metavar="T",
        help="readers begin evenly spread over T seconds (default 0: all at once)")
    add("--slow-share", type=float, default=0, metavar="F",
        help="this share of the readers has a quarter of the rate (default 0)")
    add("--runs", type=int, default=1, metavar="K",
        help="rounds; figures are medians over them (default 1)")
    add("--seed", type=int, default=1, metavar="X", help="of the file's bytes (default 1)")
    add("--json", type=pathlib.Path, metavar="FILE",
        help="keep all figures there, and plots beside it (.svg, .png)")
    add("--build", type=pathlib.Path, metavar="FOLDER",
        help="use the programs of this build folder (default: builds the release preset)")
    add("--work-dir", type=pathlib.Path, metavar="FOLDER",
        help="where copies are written meanwhile (default: the system's temporary folder)")
    add("--logs", type=pathlib.Path, metavar="FOLDER",
        help="keep what all programs wrote, and Tyto's metrics at the end of its runs")
    return parser


def _systems(text):
    names = tuple(text.split(","))
    for name in names:
        if name not in SYSTEMS:
            raise argparse.ArgumentTypeError(
                f"there is no system '{name}'; there are {', '.join(SYSTEMS)}")
    if len(set(names)) != len(names):
        raise argparse.ArgumentTypeError(f"'{text}' names a system twice")
    return names


def _problem(given):
    """What is wrong with the values, or None."""
    checks = (
        (1 <= given.readers <= READERS_MAX, f"--readers must be 1 to {READERS_MAX}"),
        (given.rate_mbit == 0 or 1 <= given.rate_mbit <= 100_000,
         "--rate-mbit must be 0 (unshaped) or 1 to 100000"),
        (1 / 1024 <= given.size_mib <= 1 << 20, "--size-mib must be 0.001 to 1048576"),
        (0 <= given.racks <= given.readers, "--racks must be 0 to the number of readers"),
        (not given.rack_mbit or given.racks, "--rack-mbit means nothing without --racks"),
        (given.rack_mbit == 0 or 1 <= given.rack_mbit <= 100_000,
         "--rack-mbit must be 1 to 100000"),
        (not given.rack_mbit or given.rate_mbit,
         "--rack-mbit needs shaped links: --rate-mbit above 0"),
        (0 <= given.stagger_s <= 3600, "--stagger-s must be 0 to 3600"),
        (0 <= given.slow_share < 1, "--slow-share must be at least 0 and less than 1"),
        (not given.slow_share or given.rate_mbit >= SLOW_DIVISOR,
         f"--slow-share needs shaped links: --rate-mbit {SLOW_DIVISOR} or more"),
        (1 <= given.runs <= 100, "--runs must be 1 to 100"),
        (not given.json or given.json.absolute().parent.is_dir(),
         f"--json: the folder of {given.json} does not exist"),
        (not given.work_dir or given.work_dir.is_dir(),
         f"--work-dir: {given.work_dir} is not a folder"),
        (not given.build or given.build.is_dir(), f"--build: {given.build} is not a folder"),
    )
    return next((text for is_good, text in checks if not is_good), None)
