#!/usr/bin/env python3
"""How long trackers and peers take to notice that a tracker is gone, and that it is back.

Three trackers, a superpeer, and readers, half of which are in mid-download and half are done and
linger. The tracker with most readers is killed and started again; in a cluster made anew, since
peers remember whom they lost, it is frozen and thawed.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tools"))

# pylint: disable=wrong-import-position
from cluster import web
from cluster.cluster import Cluster
from cluster.waiting import until
from faulty_origin import FaultyOrigin

MIB = 1 << 20
SIZE = 16 * MIB
SECONDS = 180
EVERY = 0.005


class Failover:
    """A cluster that loses a tracker once. `times`: row -> seconds of each round, added to."""

    def __init__(self, build, readers, times):
        self._times = times
        self._readers = readers
        self._origin = FaultyOrigin()
        self._cluster = Cluster(build)

    def close(self):
        self._origin.let_through()
        self._cluster.close()
        self._origin.close()

    def start(self):
        self._cluster.start_trackers(3)
        flags = [flag for one in self._cluster.trackers for flag in ("--trackers", one.rpc)]
        self._cluster.start_superpeer(*flags)
        self._cluster.create_bucket_at_each("b", self._origin.url)
        for key in ("done", "half"):
            self._origin.put(key, os.urandom(SIZE))
        done = [self._get("done", i) for i in range(self._readers // 2)]
        for reader in done:
            reader.wait_done(SECONDS)
        self._origin.hold_after(SIZE // 2)
        half = [self._get("half", i) for i in range(self._readers - len(done))]
        for reader in half:
            reader.wait_for_bytes(SIZE // 4, SECONDS)
        self._names = {reader.name: "idle" for reader in done}
        self._names.update({reader.name: "reading" for reader in half})

    def kill(self):
        victim = self._busiest()
        self._lose("killed", victim, self._cluster.trackers[victim].process.kill)
        # The start itself, of a process whose catalog is there, is part of it.
        self._come_back("killed", victim, lambda: self._restart(victim))

    def freeze(self):
        victim = self._busiest()
        process = self._cluster.trackers[victim].process
        self._lose("frozen", victim, process.freeze)
        self._come_back("frozen", victim, process.thaw)

    def _get(self, key, number):
        flags = [flag for one in self._cluster.trackers[1:] for flag in ("--tracker", one.rpc)]
        return self._cluster.get(f"b/{key}", f"{key}-{number}", flags)

    def _restart(self, victim):
        self._cluster.trackers[victim] = self._cluster.start_member(victim)

    def _busiest(self):
        return max(range(3), key=lambda i: len(self._served_by([i])))

    def _lose(self, what, victim, lose):
        others = [i for i in range(3) if i != victim]
        there = self._served_by([victim])
        begin = time.monotonic()
        lose()
        self._await_members(f"{what}: the others have other members", others, 2, begin)
        for kind in ("reading", "idle"):
            mine = {name for name in there if self._names[name] == kind}
            if mine:
                until(lambda mine=mine: mine <= self._served_by(others), SECONDS,
                      lambda mine=mine: f"{mine} have moved", EVERY)
                self._note(f"{what}: its {kind} peers are at the others", begin)

    def _come_back(self, what, victim, come_back):
        begin = time.monotonic()
        come_back()
        self._await_members(f"{what}, then back: all have it as a member", range(3), 3, begin)
        until(lambda: self._served_by([victim]), SECONDS, "it serves peers again", EVERY)
        self._note(f"{what}, then back: it serves peers again", begin)

    def _await_members(self, row, who, count, begin):
        until(lambda: all(self._cluster.members(i) == count for i in who), SECONDS, row, EVERY)
        self._note(row, begin)

    def _note(self, row, begin):
        self._times.setdefault(row, []).append(time.monotonic() - begin)

    def _served_by(self, who):
        """Names of the readers that are connected to one of these trackers."""
        names = set()
        for i in who:
            peers = web.get_json(self._cluster.trackers[i].http, "/api/v1/peers?limit=1000")
            names |= {peer["name"] for peer in peers["peers"] if peer["is_connected"]}
        return names & set(self._names)


def main():
    parser = argparse.ArgumentParser(prog="failover_times.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="(default 3)")
    parser.add_argument("--readers", type=int, default=12, metavar="N", help="(default 12)")
    parser.add_argument("--only", choices=("killed", "frozen"), help="(default both)")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.readers < 2:
        parser.error("expected --rounds from 1 and --readers from 2 on")
    build = os.environ.get("TYTO_BIN_DIR", TREE / "build" / "release")
    times = {}
    for _ in range(arguments.rounds):
        for name, lose in (("killed", Failover.kill), ("frozen", Failover.freeze)):
            if arguments.only not in (None, name):
                continue
            failover = Failover(build, arguments.readers, times)
            try:
                failover.start()
                lose(failover)
            finally:
                failover.close()
    print(f"{'seconds, of ' + str(arguments.rounds) + ' rounds':60}    min  median     max")
    for row, times in times.items():
        print(f"{row:60} {min(times):6.2f}  {statistics.median(times):6.2f}  {max(times):6.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
