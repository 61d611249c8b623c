"""`tyto explain` names the cause that was planted: why the origin was read, why a read was slow, why
a copy was evicted."""

import json

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest, until

SIZE = 16 * MIB
SLOW = ("--limits-upload-rate", "6MiB")  # so that a download takes seconds


class ExplainTest(ClusterCase):

    def explain(self, *arguments):
        done = self.cluster.tyto("explain", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def explain_json(self, *arguments):
        return json.loads(self.explain(*arguments, "--json"))

    def peer_names(self):
        return {row["name"] for row in self.cluster.api("/peers")["peers"]}

    def test_why_a_read_went_to_the_origin(self):
        """Its holders were killed before."""
        data = self.put("k", SIZE)
        superpeer = self.start(tracker_flags=("--session-grace", "100ms"))
        holder = self.get("b/k", "holder")
        holder.process.kill()
        superpeer.process.kill()
        until(lambda: not self.peer_names(), END_SECONDS, self.peer_names)
        self.cluster.start_superpeer(name="superpeer-2")
        self.assert_copy(self.get("b/k", "late"), data)

        text = self.explain("b/k", "--peer", "late", "--limit", "1000")
        self.assertRegex(text, r"Why was the origin read\?\n.* by superpeers for all")
        self.assertRegex(text, r"chunk 3 to superpeer superpeer-2 from the origin: nobody held it")
        self.assertRegex(text, r"chunk 3 came to peer late from superpeer superpeer-2 in ")
        gone = self.explain("b/k", "--peer", "holder", "--limit", "1000")
        self.assertRegex(gone, r"peer holder is gone, and with it the [0-9]+ chunks that it held: its "
                         "connection was lost")
        answer = self.explain_json("b/k", "--peer", "late")
        self.assertGreaterEqual(answer["summary"]["origin"]["nobody_held"], 64)
        self.assertEqual(answer["summary"]["origin"]["without_order"], 0)
        self.assertEqual(answer["summary"]["from"]["superpeers"]["bytes"], SIZE)

    def test_why_a_read_was_slow(self):
        """The source it had been sent to was frozen."""
        data = self.put("k", SIZE)
        self.start(superpeer_flags=SLOW)
        source = self.cluster.start_agent(*SLOW, location="local/loopback/reader/source")
        self.get("b/k", "filler", linger=None, flags=("--agent", source.socket))
        reader = self.cluster.get("b/k", "reader")
        reader.wait_for_bytes(SIZE // 8, END_SECONDS)
        until(lambda: source.data in str(self.cluster.api("/transfers")), END_SECONDS,
              "the source is read from")
        source.process.freeze()
        reader.wait_done(END_SECONDS)
        source.process.thaw()
        self.assert_copy(reader, data)

        text = self.explain("b/k", "--peer", "reader", "--limit", "1000")
        self.assertRegex(text, r"Which transfers were slow .*\?\n.*peer agent had failed before")
        self.assertRegex(text, r"Which sources failed .*\?\n.*peer agent failed \((stalled|unr)")
        faults = self.explain_json("b/k", "--peer", "reader")["summary"]["slow_faults"]
        self.assertIn("source_failed", faults)

    def test_why_a_copy_was_evicted(self):
        """The store had no room for two objects."""
        self.put("old", 10 * MIB, seed=1)
        self.put("new", 10 * MIB, seed=2)
        self.start()
        agent = self.cluster.start_agent("--store-bytes", "16MiB")
        for key in ("old", "new"):
            self.get(f"b/{key}", f"get-{key}", linger=None, flags=("--agent", agent.socket))

        text = self.explain("b/old")
        self.assertRegex(
            text, r"peer agent is to free chunks? .*: least recently used there, to make room for "
            r"b/new .*; copies left elsewhere: 1; last used there [0-9.]+ m?s before")
        evicted = self.explain_json("b/old", "--peer", "agent")["summary"]["evicted_chunks"]
        self.assertGreaterEqual(evicted, 8)

    def test_what_is_unknown_is_said_to_be_and_bad_arguments_are_named(self):
        self.start()
        self.assertIn("has no such record", self.explain("b/nothing"))
        for arguments, words in ((("b",), "bucket/key"), (("b/k", "--since", "soon"), "--since"),
                                 ((), "--peer")):
            done = self.cluster.tyto("explain", *arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
