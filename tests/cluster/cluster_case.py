"""What the tests of whole clusters have in common."""

import os
import pathlib
import random
import signal
import sys
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tools"))

# pylint: disable=wrong-import-position
from cluster.cluster import Cluster
from cluster.waiting import until
from faulty_origin import FaultyOrigin

MIB = 1 << 20
# A download ends, or fails with a message, within this time, whatever happens. Most end in a tenth
# of it; the rest is for machines that have other things to do.
END_SECONDS = 60


def make_bytes(size, seed=1):
    """The same bytes for the same seed, and no two blocks alike."""
    return random.Random(seed).randbytes(size)


class ClusterCase(unittest.TestCase):
    """A cluster and an origin for each test; bucket `b` stands for the origin."""

    loopback = "127.0.0.1"

    def setUp(self):
        self.cluster = Cluster(os.environ["TYTO_BIN_DIR"], loopback=self.loopback)
        self.addCleanup(self._end)
        self.origin = FaultyOrigin(self.loopback)
        self.addCleanup(self.origin.close)

    def start(self, superpeer_flags=(), tracker_flags=(), bucket_flags=()):
        """Tracker, superpeer and bucket; returns the superpeer."""
        self.cluster.start_tracker(*tracker_flags)
        superpeer = self.cluster.start_superpeer(*superpeer_flags)
        self.cluster.create_bucket("b", self.origin.url, *bucket_flags)
        return superpeer

    def put(self, key, size, seed=1, **how):
        data = make_bytes(size, seed)
        self.origin.put(key, data, **how)
        return data

    def get(self, object_name, name="reader", seconds=END_SECONDS, **how):
        """Fetches to the end; returns the reader, which goes on serving."""
        reader = self.cluster.get(object_name, name, **how)
        reader.wait_done(seconds)
        return reader

    def get_fails(self, object_name, code, *words, name="reader", **how):
        """A get that must end with `code` and say each of `words`."""
        reader = self.cluster.get(object_name, name, linger=None, **how)
        self.ends(reader, code, *words)
        return reader

    def ends(self, reader, code, *words, seconds=END_SECONDS):
        self.assertEqual(reader.process.wait(seconds), code, reader.process.log_tail())
        for word in words:
            self.assertIn(word, reader.process.log())

    def assert_copy(self, reader, data):
        self.assertTrue(reader.output.read_bytes() == data, f"{reader.name} has other bytes")

    def fetched(self, reader):
        """Bytes that came over the network, by the reader's summary."""
        came = reader.summary["bytes_from"]
        return came["peer"] + came["superpeer"] + came["origin"]

    def _end(self):
        if os.environ.get("TYTO_KEEP"):
            self.cluster.keeps_folder = True
            print(f"kept {self.cluster.folder}", file=sys.stderr)
        for process in self.cluster.processes:
            process.send(signal.SIGKILL)
        self.cluster.close()

    def _callTestMethod(self, method):
        try:
            method()
        except unittest.SkipTest:
            raise
        except BaseException:
            for process in self.cluster.processes:
                print(f"--- {process.name}, exit code {process.exit_code}\n"
                      f"{process.log_tail(25)}", file=sys.stderr)
            raise


__all__ = ["ClusterCase", "END_SECONDS", "MIB", "make_bytes", "unittest", "until"]
