"""How long small objects take over a session that is up, and how many messages."""

import json
import random
import re

import cpu
from cluster import web

FOLDER = "tiny"
OBJECT_BYTES = 1024
# By what name a figure goes here, and whose counter it is.
_COUNTERS = {
    "exchanges": ("tracker", "tyto_tracker_exchanges_total"),
    "events": ("tracker", "tyto_tracker_events_total"),
    "assignments": ("tracker", "tyto_tracker_assignments_total"),
    "transfers": ("superpeer", "tyto_peer_chunks_sent_total"),
}


def make_objects(root, count):
    """`count` objects, no two alike."""
    folder = root / FOLDER
    folder.mkdir()
    bytes_of = random.Random(1).randbytes
    for i in range(count):
        (folder / f"{i:06}").write_bytes(bytes_of(OBJECT_BYTES))


class Tiny:
    """Opens and reads objects that the superpeer holds and this peer does not."""

    def __init__(self, cluster, programs, superpeer, bucket, count):
        self._program = programs / "cost_tiny"
        self._cluster, self._bucket, self._count = cluster, bucket, count
        self._servers = {"tracker": cluster.tracker.http, "superpeer": superpeer.http}
        self._keys = cluster.folder / "keys"
        self._keys.write_text("".join(f"{FOLDER}/{i:06}\n" for i in range(count)))
        self._run("as-read", "warm")  # from here on the superpeer has them

    def measure(self, order):
        """{ms: [...], and of each counter how much an object moves it}, in the order that a handle
        is opened with: `as-read`, which is what open() does unless told otherwise, or `any`."""
        before = self._counters()
        told = self._run(order, "tiny")
        after = self._counters()
        costs = {f"{name}_per_object": round((after[name] - before[name]) / self._count, 3)
                 for name in _COUNTERS}
        return {"ms": [round(ms, 3) for ms in told["ms"]], **costs}

    def _run(self, order, host):
        used = cpu.run([self._program, "--tracker", self._cluster.tracker.rpc, "--bucket",
                        self._bucket, "--keys", self._keys, "--order", order, "--host", host],
                       self._cluster.folder / "tiny.log")
        told = json.loads(used.output)
        expected = OBJECT_BYTES * (self._count - 1)
        if told["bytes"] != expected:
            raise cpu.CommandFailed(f"read {told['bytes']} bytes of tiny objects, not {expected}")
        return told

    def _counters(self):
        pages = {name: web.request(address, "/metrics")[1].decode()
                 for name, address in self._servers.items()}
        return {name: _total(pages[server], metric)
                for name, (server, metric) in _COUNTERS.items()}


def _total(page, metric):
    rows = re.findall(rf"^{metric}(?:\{{[^}}]*\}})? (\S+)$", page, re.MULTILINE)
    return sum(map(float, rows))
