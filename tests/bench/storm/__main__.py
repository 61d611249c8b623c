"""tools/bench storm."""

import argparse
import json
import pathlib
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TREE / "tests" / "bench")]

# pylint: disable=wrong-import-position
from light.fleet import LightFleet, Trackers, total, wait_connected
from light.outcome import finish
from versus.building import built

TARGETS = ("tyto-tracker", "light_peers")
TRACKERS = 3
VICTIM = 0
# Of a thousand peers so many read small objects, large ones, and ahead; the others are idle.
MIX = "100,30,20"
SERVED_SECONDS = 120
WAITING_MS_MAX = 3000
# A tracker passes peers on beyond this share of the mean, by whole racks.
LOAD_MAX = 1.25
_PEERS = 'tyto_tracker_peers{role="peer"}'
_RATES = {"exchanges": "tyto_tracker_exchanges_total",
          "refused": "tyto_tracker_registrations_refused_total",
          "cpu": "process_cpu_seconds_total"}


def main():
    given = _parse(sys.argv[1:])
    build = (given.build or built("storm", TARGETS)).absolute()
    with Trackers(build, TRACKERS) as trackers:
        trackers.start_all(*_flags(given))
        share = given.peers // given.processes
        fleets = [LightFleet(build, trackers.rpc[i % TRACKERS:] + trackers.rpc[:i % TRACKERS], share,
                             first=i * (share + 10), mix=MIX, racks_of=given.racks_of,
                             avoid_ms=given.avoid_ms, objects=given.objects,
                             superpeers=int(i == 0), start_per_s=given.start_per_s)
                  for i in range(given.processes)]
        try:
            result = storm(trackers, fleets, given)
        finally:
            for fleet in fleets:
                fleet.close()
    result["peers"] = given.peers
    return finish("storm", given.json, result)


def _flags(given):
    return () if given.registrations is None else ("--limits-registrations-per-s",
                                                   str(given.registrations))


def storm(trackers, fleets, given):
    watch = Watch(trackers, fleets)
    result = {"all_served_at_first_s": wait_connected(fleets, SERVED_SECONDS)}
    for fleet in fleets:
        fleet.read(1000)
    watch.pass_time(given.calm)
    for fleet in fleets:
        fleet.report()
    result["steady"] = watch.phase("steady")

    trackers.running[VICTIM].process.kill()
    result["served_after_kill_s"] = watch.until_served()
    watch.pass_time(given.calm)
    reports = [fleet.report() for fleet in fleets]
    result["lost_waiting"] = _worst(reports, "lost_waiting")
    result["lost_idle"] = _worst(reports, "lost_idle")
    result["killed"] = watch.phase("killed")

    trackers.start_one(VICTIM, *_flags(given))
    result["share_regained_s"] = watch.until_regained(given.regain)
    result["all_served_after_return_s"] = watch.until_served()
    watch.pass_time(given.calm)
    result["returned"] = watch.phase("returned")
    result["opens_failed"] = total(fleets, "opens_failed")
    result["seconds"] = watch.rows
    result["faults"] = _faults(result, given)
    return result


class Watch:
    """What the trackers and the peers say, once a second."""

    def __init__(self, trackers, fleets):
        self._trackers, self._fleets = trackers, fleets
        self._former = [None] * TRACKERS
        self._begun = time.monotonic()
        self._next = self._begun
        self._from = 0
        self.rows = []

    def look(self):
        """A row more, when it is time for it; returns the last one."""
        time.sleep(max(0, self._next - time.monotonic()))
        self._next = max(self._next + 1, time.monotonic())
        row = {"at_s": time.monotonic() - self._begun, "trackers": [],
               "connected": sum(fleet.connected() for fleet in self._fleets),
               "registered": total(self._fleets, "registered"),
               "redirected": total(self._fleets, "redirected")}
        for i in range(TRACKERS):
            row["trackers"].append(self._of_tracker(i))
        self.rows.append(row)
        return row

    def _of_tracker(self, i):
        now, former = self._trackers.metrics(i), self._former[i]
        self._former[i] = now
        if now is None:
            return None
        said = {"peers": now[_PEERS], "lag_ms": now["tyto_tracker_loop_lag_seconds"] * 1e3,
                "resident_mib": now["process_resident_memory_bytes"] / 2**20}
        if former:
            seconds = max(0.001, now["at"] - former["at"])
            said |= {f"{name}_per_s": max(0, now[metric] - former[metric]) / seconds
                     for name, metric in _RATES.items()}
        return said

    def pass_time(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()

    def until_served(self):
        """Seconds until each peer has a session again; None: not within SERVED_SECONDS."""
        begun = time.monotonic()
        wanted = sum(fleet.peers for fleet in self._fleets)
        while time.monotonic() - begun < SERVED_SECONDS:
            if self.look()["connected"] == wanted and time.monotonic() - begun > 2:
                return time.monotonic() - begun
        return None

    def until_regained(self, seconds):
        """Seconds until the tracker that was away has its share again, at least half of the mean;
        None: it had not."""
        begun = time.monotonic()
        mean = sum(fleet.peers for fleet in self._fleets) / TRACKERS
        while time.monotonic() - begun < seconds:
            victim = self.look()["trackers"][VICTIM]
            if victim and victim["peers"] >= mean / 2:
                return time.monotonic() - begun
        return None

    def phase(self, name):
        """Peaks and means of each tracker since the last phase."""
        rows, self._from = self.rows[self._from:], len(self.rows)
        trackers = []
        for i in range(TRACKERS):
            said = [row["trackers"][i] for row in rows if row["trackers"][i]]
            rates = [one for one in said if "exchanges_per_s" in one]
            if not rates:
                trackers.append(None)
                continue
            trackers.append({
                "peers": said[-1]["peers"],
                "exchanges_per_s_mean": sum(one["exchanges_per_s"] for one in rates) / len(rates),
                "exchanges_per_s_max": max(one["exchanges_per_s"] for one in rates),
                "registrations_refused_per_s_max": max(one["refused_per_s"] for one in rates),
                "cpu_share_max": max(one["cpu_per_s"] for one in rates),
                "lag_ms_max": max(one["lag_ms"] for one in said),
                "resident_mib_max": max(one["resident_mib"] for one in said)})
        registered = [later["registered"] - row["registered"] for row, later in zip(rows, rows[1:])]
        figures = {"seconds": len(rows), "trackers": trackers,
                   "registrations_per_s_max": max(registered, default=0)}
        print(f"{name}: " + json.dumps(figures), flush=True)
        return figures


def _worst(reports, name):
    some = [one[name] for one in reports if one[name]["count"]]
    if not some:
        return {"count": 0}
    return {"count": sum(one["count"] for one in some)} | {
        at: max(one[at] for one in some) for at in ("p50_ms", "p99_ms", "max_ms")}


def _faults(result, given):
    faults = []
    for name in ("served_after_kill_s", "share_regained_s", "all_served_after_return_s"):
        if result[name] is None:
            faults.append(f"{name}: never")
    peers = [one["peers"] for one in result["returned"]["trackers"] if one]
    most = LOAD_MAX * sum(peers) / TRACKERS + given.racks_of
    if given.judge and max(peers) > most:
        faults.append(f"a tracker has {max(peers):.0f} peers, where {most:.0f} is the bound")
    waited = result["lost_waiting"].get("max_ms", 0)
    if given.judge and waited > WAITING_MS_MAX:
        faults.append(f"a reader that waited had no tracker for {waited:.0f} ms")
    return faults


def _parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tools/bench storm", allow_abbrev=False,
        description="Three trackers and many light peers: one tracker is killed, and brought back.",
        epilog="Exit codes: 0 measured and as it should be, 1 not, 2 wrong usage.")
    add = parser.add_argument
    add("--peers", type=int, default=15000, metavar="N", help="light peers (default 15000)")
    add("--processes", type=int, default=3, metavar="N", help="that they are in (default 3)")
    add("--racks-of", type=int, default=20, metavar="N", help="peers of a rack (default 20)")
    add("--objects", type=int, default=200, metavar="N", help="of each kind (default 200)")
    add("--avoid-ms", type=int, default=30000, metavar="MS",
        help="for how long peers leave a tracker alone that they could not reach (default 30000)")
    add("--start-per-s", type=int, default=1000, metavar="N",
        help="peers that each process starts a second (default 1000)")
    add("--registrations", type=int, metavar="N",
        help="a second that a tracker takes on (default: the tracker's)")
    add("--calm", type=float, default=15, metavar="S", help="between two events (default 15)")
    add("--regain", type=float, default=120, metavar="S",
        help="that the tracker has to get its share back (default 120)")
    add("--judge", action="store_true",
        help="a reader without a tracker for 3 s is a fault, and a tracker over its share")
    add("--json", type=pathlib.Path, metavar="FILE", help="keep all figures there")
    add("--build", type=pathlib.Path, metavar="FOLDER", help="programs built before")
    given = parser.parse_args(arguments)
    if given.peers < 30:
        parser.error(f"--peers is {given.peers}; expected 30 or more")
    return given


if __name__ == "__main__":
    sys.exit(main())
