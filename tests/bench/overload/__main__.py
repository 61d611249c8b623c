"""tools/bench overload."""

import argparse
import pathlib
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TREE / "tests" / "bench")]

# pylint: disable=wrong-import-position
from light.fleet import LightFleet, Trackers, wait_connected
from light.outcome import finish
from quota import Quota
from versus.building import built

TARGETS = ("tyto-tracker", "light_peers")
# Of a thousand peers so many read small objects, large ones, and ahead; the others are idle.
MIX = "300,300,300"
CLASSES = ("under_way", "under_way_bulk", "open", "idle", "prefetch", "probe")
# What is shed first comes last; idle peers say nothing that could be late.
ORDER = ("under_way", "under_way_bulk", "open", "prefetch")
# Of fewer exchanges of a class its share says nothing.
CAME_MIN = 100
CALM_SECONDS = 60
_PREFIX = "tyto_tracker_"


def main():
    given = _parse(sys.argv[1:])
    build = (given.build or built("overload", TARGETS)).absolute()
    free = measure(build, given, 0)
    print(f"without a limit: {free['exchanges_per_s']:.0f} exchanges/s, "
          f"{free['cpu_us_per_decision']:.0f} us of processor a decision", flush=True)
    runs = []
    for times in given.times:
        runs.append(measure(build, given, max(1, int(free["exchanges_per_s"] / times))))
        runs[-1]["times"] = times
        show(f"{times:g} times its limit of {runs[-1]['limit_per_s']}/s", runs[-1])
    if given.quota:
        runs.append(measure(build, given, 0, given.quota))
        show(f"{given.quota} % of a core", runs[-1])
    result = {"peers": given.peers, "free": free, "runs": runs,
              "faults": [fault for run in runs for fault in run["faults"]]}
    return finish("overload", given.json, result)


def measure(build, given, limit, quota=0):
    """One tracker under the whole load for given.seconds, and then under a tenth of it."""
    with Trackers(build, 1) as trackers:
        trackers.start_one(0, "--limits-exchanges-per-s", str(limit))
        fleets = [LightFleet(build, trackers.rpc, given.peers // 2, first=i * given.peers, mix=MIX,
                             objects=given.objects, superpeers=1 - i, pause_ms=given.pause_ms)
                  for i in range(2)]
        try:
            wait_connected(fleets)
            with Quota(trackers.running[0].process.pid, quota) as limited:
                figures = _under_load(trackers, fleets, given)
                figures |= {"limit_per_s": limit, "quota_percent": quota,
                            "quota_by": limited.how, "calm_after_s": _calm(trackers, fleets)}
            figures["connected_at_end"] = sum(fleet.connected() for fleet in fleets)
            figures["faults"] = faults_of(figures, sum(fleet.peers for fleet in fleets))
            return figures
        finally:
            for fleet in fleets:
                fleet.close()


def _under_load(trackers, fleets, given):
    for fleet in fleets:
        fleet.read(1000)
    time.sleep(given.warm)
    for fleet in fleets:
        fleet.report()
    seen = [trackers.metrics(0)]
    end = seen[0]["at"] + given.seconds
    while time.monotonic() < end:
        time.sleep(min(1, max(0, end - time.monotonic())))
        now = trackers.metrics(0)
        if now:  # one that is very late is not asked again for the same second
            seen.append(now)
    reports = [fleet.report() for fleet in fleets]
    seconds = seen[-1]["at"] - seen[0]["at"]

    def grown(name):
        return seen[-1][name] - seen[0][name]

    cpu_us = grown("process_cpu_seconds_total") * 1e6
    exchanges = grown(f"{_PREFIX}exchanges_total")
    return {
        "seconds": seconds, "exchanges_per_s": exchanges / seconds,
        "decisions_per_s": grown(f"{_PREFIX}assignments_total") / seconds,
        "cpu_share": cpu_us / 1e6 / seconds,
        "cpu_us_per_exchange": cpu_us / max(1, exchanges),
        "cpu_us_per_decision": cpu_us / max(1, grown(f"{_PREFIX}assignments_total")),
        "resident_mib": [round(one["process_resident_memory_bytes"] / 2**20, 1) for one in seen],
        "lag_ms_max": max(one[f"{_PREFIX}loop_lag_seconds"] for one in seen) * 1e3,
        "connected_min": sum(min(tick["connected"] for tick in fleet.ticks[-int(seconds):])
                             for fleet in fleets),
        "opens_done_per_s": _opens_done(fleets, seconds),
        "classes": {name: _of_class([one["classes"][name] for one in reports], seconds,
                                    grown(f'{_PREFIX}exchanges_refused_total{{class="{name}"}}'))
                    for name in CLASSES}}


def _opens_done(fleets, seconds):
    span = max(1, int(seconds))
    done = [fleet.ticks[-1]["opens_done"] - fleet.ticks[-1 - min(span, len(fleet.ticks) - 1)]
            ["opens_done"] for fleet in fleets]
    return sum(done) / span


def _of_class(reports, seconds, refused):
    answered = sum(one["answered"]["count"] for one in reports)
    figures = {"came": refused + answered, "answered_per_s": answered / seconds, "refused_per_s": refused / seconds,
               "refused_share": refused / max(1, refused + answered)}
    for name in ("answered", "told"):
        some = [one[name] for one in reports if one[name]["count"]]
        if some:  # of two halves of the same fleet, the worse one
            figures |= {f"{name}_{at}": max(one[at] for one in some)
                        for at in ("p50_ms", "p99_ms", "max_ms")}
    return figures


def _calm(trackers, fleets):
    """Seconds after the load fell to a tenth until for a second nobody was refused; None: never."""
    for fleet in fleets:
        fleet.read(100)
    begun = time.monotonic()

    def refused():
        now = trackers.metrics(0)
        return now and sum(value for name, value in now.items()
                           if name.startswith(f"{_PREFIX}exchanges_refused_total"))

    former = refused()
    while time.monotonic() - begun < CALM_SECONDS:
        time.sleep(1)
        now = refused()
        if former is not None and now == former:
            return time.monotonic() - begun - 1
        former = now
    return None


def faults_of(figures, peers):
    """What the run shows that a tracker must not do."""
    faults = []
    name = f"limit {figures['limit_per_s']}/s, quota {figures['quota_percent']} %"
    if figures["connected_min"] < peers or figures["connected_at_end"] < peers:
        faults.append(f"{name}: sessions were lost: {figures['connected_min']} of {peers} were "
                      f"left, {figures['connected_at_end']} at the end")
    if figures["calm_after_s"] is None:
        faults.append(f"{name}: still refuses {CALM_SECONDS} s after the load has fallen")
    shares = [(one, figures["classes"][one]["refused_share"]) for one in ORDER
              if figures["classes"][one]["came"] >= CAME_MIN]
    for (one, better), (other, worse) in zip(shares, shares[1:]):
        if better > worse + 0.02:
            faults.append(f"{name}: {better:.0%} of {one} were refused, of {other} {worse:.0%}")
    # Credit of a second comes on top; the rest is for the figures' being read one after the other.
    most = figures["limit_per_s"] * (figures["seconds"] + 1) * 1.05
    if figures["limit_per_s"] and figures["exchanges_per_s"] * figures["seconds"] > most:
        faults.append(f"{name}: {figures['exchanges_per_s']:.0f} exchanges/s were taken")
    return faults


def show(what, run):
    print(f"{what}: takes {run['exchanges_per_s']:.0f}/s, {run['cpu_us_per_exchange']:.0f} us an "
          f"exchange, {run['cpu_us_per_decision']:.0f} us a decision, resident "
          f"{run['resident_mib'][0]} to {max(run['resident_mib'])} MiB, calm after "
          f"{run['calm_after_s']} s", flush=True)
    for name, one in run["classes"].items():
        print(f"  {name:15} {one['answered_per_s']:7.0f}/s answered, p50 "
              f"{one.get('answered_p50_ms', 0):.1f} p99 {one.get('answered_p99_ms', 0):.1f} ms; "
              f"{one['refused_per_s']:6.0f}/s refused ({one['refused_share']:.0%}), told to come "
              f"back in {one.get('told_p50_ms', 0):.0f} ms (p99 {one.get('told_p99_ms', 0):.0f})",
              flush=True)


def _parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tools/bench overload", allow_abbrev=False,
        description="A tracker that is asked for more exchanges than it may answer, by light "
                    "peers: what it sheds, what it answers, its memory and its processor.",
        epilog="Exit codes: 0 measured and as it should be, 1 not, 2 wrong usage.")
    add = parser.add_argument
    add("--peers", type=int, default=3000, metavar="N", help="light peers (default 3000)")
    add("--times", type=lambda text: [float(part) for part in text.split(",")], default=[1, 2, 3],
        metavar="K,K", help="how many times its limit is asked (default 1,2,3)")
    add("--seconds", type=float, default=20, metavar="S", help="of each run (default 20)")
    add("--warm", type=float, default=10, metavar="S", help="before it (default 10)")
    add("--objects", type=int, default=300, metavar="N", help="of each kind (default 300)")
    add("--pause-ms", type=int, default=2000, metavar="MS",
        help="between two reads of a peer (default 2000)")
    add("--quota", type=int, default=0, metavar="PERCENT",
        help="besides, a run without a limit and with so much of a core (default: none)")
    add("--json", type=pathlib.Path, metavar="FILE", help="keep all figures there")
    add("--build", type=pathlib.Path, metavar="FOLDER", help="programs built before")
    given = parser.parse_args(arguments)
    if given.peers < 20:
        parser.error(f"--peers is {given.peers}; expected 20 or more")
    if min(given.times) <= 0 or given.seconds < 1:
        parser.error("--times and --seconds: expected more than 0, and 1 or more")
    return given


if __name__ == "__main__":
    sys.exit(main())
