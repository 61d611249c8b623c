"""Processes of light peers, and the trackers that they ask."""

import json
import pathlib
import queue
import re
import subprocess
import sys
import threading
import time

TREE = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TREE / "tools")]

# pylint: disable=wrong-import-position
from cluster import web
from cluster.cluster import Cluster
from cluster.ports import free_ports, loopback_of_ours

BUCKET = {"name": "b", "origin": "http://origin.example/", "trust_peers": True}
_START_SECONDS = 60
_ANSWER_SECONDS = 60
_METRIC = re.compile(r"^(\w+)(\{[^}]*\})? (\S+)$", re.M)


class LightFleet:
    """Light peers in one process (tests/bench/light/main.cpp says what they do)."""

    def __init__(self, build, trackers, peers, **flags):
        command = [build / "tests" / "bench" / "light_peers", "--trackers", ",".join(trackers),
                   "--peers", str(peers)]
        for name, value in flags.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        self.peers = peers + flags.get("superpeers", 0)
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True, bufsize=1)
        self.ticks = []  # one a second, with what happened until then
        self._reports = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            said = json.loads(line)
            if said["kind"] == "tick":
                self.ticks.append(said)
            else:
                self._reports.put(said)

    def check_alive(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"light_peers ended with {self._process.returncode}")

    def connected(self):
        self.check_alive()
        return self.ticks[-1]["connected"] if self.ticks else 0

    def read(self, permille):
        self._tell(f"read {permille}")

    def report(self):
        """What happened since the last report."""
        self._tell("report")
        return self._reports.get(timeout=_ANSWER_SECONDS)

    def _tell(self, line):
        self.check_alive()
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)


class Trackers(Cluster):
    """One or several trackers of real processes, each with a catalog and a bucket of its own."""

    def __init__(self, build, count):
        super().__init__(build)
        host = loopback_of_ours()
        self.rpc = [f"{host}:{port}" for port in free_ports(host, count)]
        self.http = [f"{host}:{port}" for port in free_ports(host, count)]
        self.running = [None] * count

    def start_one(self, i, *flags):
        several = [flag for rpc in self.rpc for flag in ("--cluster-members", rpc)]
        if len(self.rpc) > 1:
            flags = [*several, "--cluster-id", f"t{i}", *flags]
        self.running[i] = self.start_tracker(
            *flags, name=f"tracker-{i}", rpc=self.rpc[i], http_address=self.http[i],
            catalog=f"sqlite:{self.folder}/catalog-{i}.sqlite")
        web.request(self.http[i], "/api/v1/buckets", "POST", BUCKET)

    def start_all(self, *flags):
        for i in range(len(self.rpc)):
            self.start_one(i, *flags)

    def metrics(self, i):
        """All figures of one tracker by name, with labels as they are written; None: no answer."""
        try:
            status, body = web.request(self.http[i], "/metrics", seconds=5)
        except web.HttpFailed:
            return None
        if status != 200:
            return None
        figures = {name + labels: float(value)
                   for name, labels, value in _METRIC.findall(body.decode())}
        return figures | {"at": time.monotonic()}


def wait_connected(fleets, seconds=_START_SECONDS):
    """Until each light peer has its session; returns how long that took."""
    begun = time.monotonic()
    wanted = sum(fleet.peers for fleet in fleets)
    while sum(fleet.connected() for fleet in fleets) < wanted:
        if time.monotonic() - begun > seconds:
            raise TimeoutError(f"{sum(fleet.connected() for fleet in fleets)} of {wanted} light "
                               f"peers have a session after {seconds} s")
        time.sleep(0.1)
    return time.monotonic() - begun


def total(fleets, name):
    """The sum of a number of the last ticks."""
    return sum(fleet.ticks[-1][name] if fleet.ticks else 0 for fleet in fleets)
