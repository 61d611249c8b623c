"""What is measured, by which command, and what it should reach."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Bar:
    """A figure, and the most that it should be."""

    what: str
    limit: float
    value: object  # of the kept figures
    is_below: bool = False  # the figure must be less than the bar, rather than at most it


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One call of a kit, kept as NAME.json."""

    name: str
    kit: str
    arguments: tuple
    bars: tuple = ()
    repeats: str = ""  # the kit's option that says how often, if it has one
    repeats_default: int = 0

    def command(self, json_path, repeats=None):
        words = ["tools/bench", self.kit]
        if self.repeats:
            words += [self.repeats, str(repeats or self.repeats_default)]
        return [*words, *self.arguments, "--json", str(json_path)]


def _tyto(figure, group=None):
    def value(figures):
        system = figures["systems"]["tyto"]
        return (system[group] if group else system)[figure]

    return value


def _over_libtorrent(figures):
    systems = figures["systems"]
    return systems["tyto"]["cpu_s_per_gb"] / systems["libtorrent"]["cpu_s_per_gb"]


def _over_the_others(figures):
    """The last reader's seconds, over those of the best other system."""
    systems = figures["systems"]
    others = [system["max_s"] for name, system in systems.items() if name != "tyto"]
    return systems["tyto"]["max_s"] / min(others)


def _copies_into_racks(figures):
    return max(figures["systems"]["tyto"]["rack_copies"])


def _plain(figure):
    return lambda figures: figures[figure]


_FIRST = Bar("last reader, over the next best system's", 1.0, _over_the_others, is_below=True)


def _versus(name, arguments, bars):
    return Measurement(name, "versus", tuple(arguments.split()), tuple(bars), "--runs", 3)


MEASUREMENTS = (
    _versus("flat", "--systems tyto,libtorrent,tree", [
        Bar("stretch at p50", 1.08, _tyto("stretch_p50")),
        Bar("stretch, largest", 1.12, _tyto("stretch_max")),
        Bar("amplification", 1.02, _tyto("amplification")),
        Bar("CPU a GB, over libtorrent's", 1 / 3, _over_libtorrent),
        _FIRST,
    ]),
    _versus("racks", "--systems tyto,libtorrent,tree --racks 4", [
        Bar("stretch, largest", 1.15, _tyto("stretch_max")),
        Bar("copies into a rack, largest", 1.1, _copies_into_racks),
        _FIRST,
    ]),
    _versus("unshaped", "--systems tyto,libtorrent --readers 8 --rate-mbit 0", [
        Bar("CPU a GB, over libtorrent's", 0.25, _over_libtorrent),
        _FIRST,
    ]),
    _versus("late", "--systems tyto --stagger-s 10", [
        Bar("stretch, largest", 1.3, _tyto("stretch_max")),
    ]),
    _versus("slow", "--systems tyto --slow-share 0.25", [
        Bar("stretch of the fast ones, largest", 1.1, _tyto("stretch_max", "fast")),
    ]),
    # Three minutes each: once is enough to see the order.
    Measurement("centre", "versus", ("--systems", "cache,direct"), (), "--runs", 1),
    Measurement("cost", "cost", (), (
        Bar("serving, CPU over nginx's", 1.0, _plain("serve_ratio_nginx")),
        Bar("receiving, CPU over curl's and sha256sum's", 0.6, _plain("receive_ratio_curl")),
        Bar("1 KiB, ms at p50", 3.0, _plain("tiny_ms_p50"), is_below=True),
    ), "--rounds", 5),
)

BY_NAME = {measurement.name: measurement for measurement in MEASUREMENTS}


def judged(measurement, figures):
    """[(bar, value or None where the run has no such figure, whether it is reached)]"""
    rows = []
    for bar in measurement.bars:
        try:
            value = float(bar.value(figures))
        except (KeyError, TypeError, ValueError):
            value = math.nan
        is_reached = value < bar.limit if bar.is_below else value <= bar.limit
        rows.append((bar, value, is_reached))
    return rows
