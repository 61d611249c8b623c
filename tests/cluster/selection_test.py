"""Who is read from, and how much of the origin, as buckets' policies say, between real processes."""

import time

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest, until

SIZE = 8 * MIB


class SelectionTest(ClusterCase):

    def set_policy(self, bucket, *settings):
        done = self.cluster.tyto("bucket", "set", bucket, *settings)
        self.assertEqual(done.returncode, 0, done.stderr)

    def read_by(self, *names):
        """All at once, to the end; returns them."""
        readers = [self.cluster.get("b/k", name) for name in names]
        for reader in readers:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, self.data)
        return readers

    def came_from(self, readers, kind):
        return sum(reader.summary["bytes_from"][kind] for reader in readers)

    def test_superpeer_only_readers_do_not_serve(self):
        self.data = self.put("k", SIZE)
        self.start()
        self.set_policy("b", "selection.policy=superpeer-only")
        readers = self.read_by("r1", "r2", "r3")
        self.assertEqual(self.came_from(readers, "peer"), 0)
        self.assertEqual(self.came_from(readers, "superpeer"), 3 * SIZE)
        self.assertEqual(self.origin.bytes_sent("k"), SIZE)

    def test_origin_only_readers_each_read_the_origin(self):
        self.data = self.put("k", SIZE)
        self.start()
        self.set_policy("b", "selection.policy=origin-only")
        readers = self.read_by("r1", "r2", "r3")
        self.assertEqual(self.came_from(readers, "origin"), 3 * SIZE)
        self.assertEqual(self.origin.bytes_sent("k"), 3 * SIZE)

    def test_cold_objects_go_past_the_superpeer_and_hot_ones_through_it(self):
        self.data = self.put("k", SIZE)
        self.start(bucket_flags=("--trust-peers",))
        self.set_policy("b", "selection.policy=hot-cold", "selection.hot_from=3")
        cold = self.read_by("r1") + self.read_by("r2")
        self.assertEqual(self.came_from(cold, "superpeer"), 0)
        self.assertEqual(self.came_from(cold, "origin"), SIZE)
        self.assertEqual(self.came_from(cold, "peer"), SIZE)
        self.assertEqual(self.origin.bytes_sent("k"), SIZE)

    def test_an_origins_budget_is_kept_by_all_readers_together(self):
        self.data = self.put("k", SIZE)  # 32 chunks
        self.start()
        self.set_policy("b", "origin.reads=2", "origin.requests_per_s=10")
        start = time.monotonic()
        self.read_by("r1", "r2", "r3", "r4")
        self.assertEqual(self.origin.bytes_sent("k"), SIZE)
        self.assertLessEqual(self.origin.at_once_max, 2)
        # A read may come late, and none before its turn.
        self.assertEqual(len(self.origin.begun), 32)
        for i, begun in enumerate(sorted(self.origin.begun)):
            self.assertGreaterEqual(begun - start, i * 0.1)

    def test_a_reader_is_told_that_it_waits_for_the_origins_budget(self):
        self.data = self.put("k", SIZE)
        self.start()
        self.set_policy("b", "origin.rate=20kB/s")
        reader = self.cluster.get("b/k", "r1")
        until(lambda: "waits" in reader.process.log(), END_SECONDS, reader.process.log_tail)
        self.assertIn("origin's budget", reader.process.log())
        self.set_policy("b", "origin.rate=1GB/s")
        reader.wait_done(END_SECONDS)
        self.assert_copy(reader, self.data)

    def test_shadow_reads_go_to_the_origin_and_are_counted_apart(self):
        self.data = self.put("k", SIZE)
        self.start()
        self.set_policy("b", "origin.shadow=100%")
        readers = self.read_by("r1", "r2")
        self.assertEqual(self.came_from(readers, "origin"), 2 * SIZE)
        def counters():
            return self.cluster.api("/cluster")["counters"]
        # Readers are done a moment before their tracker hears of the last chunks.
        until(lambda: counters()["shadow_bytes"] == 2 * SIZE, END_SECONDS,
              lambda: f"all is counted: {counters()}")
        self.assertEqual(counters()["bytes_from_origin"], 0)

    def test_buckets_share_an_uplink_by_their_weights(self):
        size = 64 * MIB
        for key in ("k", "l"):
            self.put(key, size)
        self.start()
        self.cluster.create_bucket("c", self.origin.url)
        seed = self.cluster.start_agent("--limits-upload-rate", "12MiB",
                                        location="local/loopback/here/seed")
        for name, what in (("f1", "b/k"), ("f2", "c/l")):
            self.get(what, name, linger=None, flags=("--agent", seed.socket))
        # Nobody but the seed is read from, since nobody else of the rack has anything of the bucket.
        for bucket, weight in (("b", 3), ("c", 1)):
            self.set_policy(bucket, f"selection.weight={weight}", "selection.farthest=rack")
        readers = [self.cluster.get(what, name, location=f"local/loopback/here/{name}")
                   for name, what in (("heavy", "b/k"), ("light", "c/l"))]
        begun = self.bytes_when(readers, lambda done: min(done) >= 4 * MIB)
        ended = self.bytes_when(readers, lambda done: max(done) >= 60 * MIB)
        heavy, light = (end - begin for begin, end in zip(begun, ended))
        print(f"heavy {heavy / MIB:.1f} MiB, light {light / MIB:.1f} MiB, "
              f"{heavy / light:.2f} to 1")
        # Counted in what has come so far, of which the last chunks are not known to the byte.
        self.assertAlmostEqual(heavy / light, 3, delta=0.6)

    def bytes_when(self, readers, is_enough):
        def look():
            done = [reader.done_bytes for reader in readers]
            return done if is_enough(done) else None
        return until(look, END_SECONDS, "the readers have got on")


if __name__ == "__main__":
    unittest.main()
