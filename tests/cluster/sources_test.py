"""A peer that others read from is killed, frozen, or lies."""

import time

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest, until

SIZE = 16 * MIB
SLOW = ("--limits-upload-rate", "6MiB")  # so that a download takes seconds


class SourcesTest(ClusterCase):

    def setUp(self):
        super().setUp()
        self.data = self.put("k", SIZE)
        self.start(superpeer_flags=SLOW)
        # In the reader's rack, and so its first choice.
        self.source = self.cluster.start_agent(*SLOW, location="local/loopback/reader/source")
        self.get("b/k", "filler", linger=None, flags=("--agent", self.source.socket))

    def read_from_source(self, name="reader"):
        """A reader that has a part of the object, and is reading from the source."""
        reader = self.cluster.get("b/k", name)
        reader.wait_for_bytes(SIZE // 8, END_SECONDS)
        until(lambda: self.is_source_used(reader), END_SECONDS,
              lambda: f"the source is read from: {self.cluster.api('/transfers')}")
        return reader

    def is_source_used(self, reader):
        reader.process.check_alive()
        rows = self.cluster.api("/transfers")["transfers"]
        return any(self.source.data in str(row) for row in rows)

    def test_a_killed_source_is_replaced(self):
        reader = self.read_from_source()
        self.source.process.kill()
        summary = reader.wait_done(END_SECONDS)
        self.assert_copy(reader, self.data)
        self.assertGreater(summary["bytes_from"]["peer"], 0)
        self.assertGreater(summary["bytes_from"]["superpeer"], 0)
        self.assertEqual(self.origin.bytes_sent("k"), SIZE)

    def test_a_frozen_source_holds_a_reader_up_for_less_than_three_seconds(self):
        reader = self.read_from_source()
        self.source.process.freeze()
        pause = self.longest_pause(reader)
        self.source.process.thaw()
        self.assertLess(pause, 3)
        self.assert_copy(reader, self.data)

    def longest_pause(self, reader):
        """Seconds without progress, until the file is whole."""
        longest, at, since = 0.0, -1, time.monotonic()
        end = since + END_SECONDS
        while reader.summary is None:
            reader.process.check_alive()
            now, done = time.monotonic(), reader.done_bytes
            self.assertLess(now, end, "the reader hangs")
            if done != at:
                at, since = done, now
            longest = max(longest, now - since)
            time.sleep(0.02)
        return longest

    def test_a_source_with_broken_bytes_is_found_out_and_named(self):
        [path] = (self.cluster.folder / "agent-store").glob("objects/*/data")
        with open(path, "r+b") as file:
            file.write(b"\xff" * SIZE)
        for name in ("reader", "reader-2", "reader-3"):
            self.assert_copy(self.get("b/k", name), self.data)
        peers = {row["name"]: row for row in self.cluster.api("/peers")["peers"]}
        self.assertTrue(peers["agent"]["is_quarantined"], peers["agent"])
        for name in ("superpeer", "reader", "reader-2", "reader-3"):
            self.assertFalse(peers[name]["is_quarantined"], name)
        self.assertRegex(self.cluster.tyto("peers").stdout, r"agent .*quarantined")
        self.assertRegex(self.cluster.tracker.process.log(), r"source corrupt.*do not match: agent")


if __name__ == "__main__":
    unittest.main()
