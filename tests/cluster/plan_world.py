"""A plan, carried out with real processes on hosts of their own."""

import hashlib
import random
import time

from cluster import web
from cluster.cluster import Daemon, Programs
from cluster.process import Process
from cluster.reader import Reader
from cluster.waiting import Deadline, until
from faulty_origin import FaultyOrigin
from plan import ORIGIN_BYTES_PER_S, RACKS
from plan_hosts import GATEWAY, Hosts

START_SECONDS = 60
# After the last fault is mended.
END_SECONDS = 90
RPC, HTTP = 7400, 7401


class World:
    """Starts what the plan says, hurts it, and says what is wrong in the end."""

    def __init__(self, plan, build, folder, say):
        self._plan, self._programs, self._folder, self._say = plan, Programs(build), folder, say
        self._hosts = Hosts()
        self._trackers = [f"tracker {i}" for i in range(plan.trackers)]
        self._peers = ([f"superpeer {i}" for i in range(plan.superpeers)]
                       + [f"reader {i}" for i in range(plan.readers)])
        for name in self._trackers + self._peers:
            self._hosts.add(name)
        self._origin = FaultyOrigin(GATEWAY)
        self._origin.throttle(ORIGIN_BYTES_PER_S)
        self._data = random.Random(plan.seed).randbytes(plan.size)
        self._origin.put("k", self._data)
        self._running = {}  # name -> Process
        self._readers = {}  # name -> Reader

    def run(self):
        """Returns what is wrong, as a list of sentences."""
        for name in self._trackers:
            self._start_tracker(name)
        self._await_members(self._trackers)
        for name in self._trackers:
            web.request(self._http(name), "/api/v1/buckets", "POST",
                        {"name": "b", "origin": self._origin.url})
        for name in self._peers:
            if name.startswith("superpeer"):
                self._start_superpeer(name)
        begin = time.monotonic()
        for name in self._peers:
            if name.startswith("reader"):
                self._start_reader(name)
        for at_ms, what, fault in self._steps():
            time.sleep(max(0.0, begin + at_ms / 1000 - time.monotonic()))
            self._say(f"{time.monotonic() - begin:6.2f} s  {what} {fault.kind} of {fault.who}")
            (self._hurt if what == "begins" else self._mend)(fault)
        return self._look(begin)

    def close(self):
        for process in self._running.values():
            process.kill()
        self._origin.close()

    def logs(self):
        return "\n".join(f"--- {name}, exit code {process.exit_code}\n{process.log_tail(15)}"
                         for name, process in self._running.items())

    def _steps(self):
        steps = [(fault.at_ms, "begins", fault) for fault in self._plan.faults]
        steps += [(fault.end_ms, "ends", fault) for fault in self._plan.faults
                  if fault.end_ms is not None]
        return sorted(steps, key=lambda step: step[:2] + (step[2].who,))

    def _hurt(self, fault):
        process = self._running[fault.who]
        if fault.kind.endswith("_crash"):
            process.kill()
        elif fault.kind.endswith("_freeze"):
            process.freeze()
        else:
            for sender, receiver in self._ways(fault):
                self._hosts.cut(sender, receiver)

    def _mend(self, fault):
        if fault.kind == "tracker_crash":
            self._start_tracker(fault.who)
        elif fault.kind == "peer_crash":
            if fault.who.startswith("reader"):
                self._start_reader(fault.who)
            else:
                self._start_superpeer(fault.who)
        elif fault.kind.endswith("_freeze"):
            self._running[fault.who].thaw()
        else:
            for sender, receiver in self._ways(fault):
                self._hosts.mend(sender, receiver)

    def _ways(self, fault):
        """Which packets are lost, as (sender, receiver)."""
        if fault.kind == "tracker_apart":
            return [(other, fault.who) for other in self._trackers if other != fault.who]
        everybody = [one for one in self._trackers + self._peers if one != fault.who]
        if fault.kind == "tracker_deaf":
            return [(other, fault.who) for other in everybody]
        if fault.kind == "tracker_mute":
            return [(fault.who, other) for other in everybody]
        others = self._peers if fault.kind == "tracker_cut" else self._trackers
        return [way for other in others for way in ((other, fault.who), (fault.who, other))]

    def _look(self, begin):
        wrong = []
        for name, reader in self._readers.items():
            if self._plan.is_lost(name):
                continue
            try:
                reader.wait_done(END_SECONDS)
            except Exception as error:  # pylint: disable=broad-except
                wrong.append(f"{name} has no file: {error}")
                continue
            if hashlib.sha256(reader.output.read_bytes()).digest() != hashlib.sha256(
                    self._data).digest():
                wrong.append(f"{name} has other bytes than the origin")
        alive = [name for name in self._trackers if not self._plan.is_lost(name)]
        try:
            self._await_members(alive)
        except Deadline as error:
            wrong.append(str(error))
        read = self._origin.bytes_sent("k") / self._plan.size
        self._say(f"{time.monotonic() - begin:6.2f} s  over; the origin was read {read:.3f} times")
        return wrong

    def _await_members(self, names):
        def members(name):
            try:
                picture = web.get_json(self._http(name), "/api/v1/cluster", 2)
            except web.HttpFailed as error:
                return str(error)
            return len(picture["cluster"]["members"])

        until(lambda: all(members(name) == len(names) for name in names), START_SECONDS,
              lambda: f"{len(names)} members; they say {[members(name) for name in names]}")

    def _http(self, name):
        return f"{self._hosts.address(name)}:{HTTP}"

    def _rpc(self, name):
        return f"{self._hosts.address(name)}:{RPC}"

    def _start(self, name, words, ready=None):
        file_name = name.replace(" ", "-")
        if ready:
            ready.unlink(missing_ok=True)
        self._running[name] = Process(file_name, self._hosts.command(name, words), self._folder)
        if ready:
            Daemon(self._running[name], ready)

    def _start_tracker(self, name):
        mark = name.replace(" ", "-")
        ready = self._folder / f"{mark}.ready"
        members = [flag for other in self._trackers for flag in ("--cluster-members",
                                                                 self._rpc(other))]
        self._start(name, [
            self._programs.tracker, "--catalog", f"sqlite:{self._folder}/{mark}.sqlite",
            "--listen-rpc", self._rpc(name), "--listen-http", self._http(name), "--ready-file",
            ready, "--cluster-id", mark, *members], ready)

    def _start_superpeer(self, name):
        mark, address = name.replace(" ", "-"), self._hosts.address(name)
        ready = self._folder / f"{mark}.ready"
        trackers = [flag for one in self._trackers for flag in ("--trackers", self._rpc(one))]
        self._start(name, [
            self._programs.superpeer, "--store-dir", self._folder / f"{mark}-store",
            "--listen-data", f"{address}:0", "--listen-http", f"{address}:0", *trackers,
            "--ready-file", ready, "--name", mark, "--location", f"local/z/{mark}/{mark}"], ready)

    def _start_reader(self, name):
        mark, number = name.replace(" ", "-"), int(name.split()[1])
        trackers = [flag for one in self._trackers for flag in ("--tracker", self._rpc(one))]
        done = self._folder / f"{mark}.done"
        output = self._folder / f"{mark}.bin"
        reader = Reader(self._hosts.command(name, [
            self._programs.tyto, "get", "b/k", "-o", output, *trackers, "--name", mark,
            "--location", f"local/z/rack-{number % RACKS}/{mark}", "--listen",
            f"{self._hosts.address(name)}:0", "--progress", "json", "--json", "--done-file", done,
            "--no-agent", "--linger", "1h"]), mark, self._folder, output, done)
        self._readers[name], self._running[name] = reader, reader.process
