"""What a superpeer with little room keeps, and what it gives up."""

from cluster_case import MIB, ClusterCase, unittest, until
from cluster import web  # pylint: disable=wrong-import-order

SIZE = MIB  # an object of one chunk
ROOM = 16 * MIB  # the least that a store may be
OBJECTS = 20


class CachingTest(ClusterCase):

    def setUp(self):
        super().setUp()
        self.data = {f"k{i}": self.put(f"k{i}", SIZE, seed=i) for i in range(OBJECTS)}
        self.start(superpeer_flags=("--store-bytes", str(ROOM)))

    def read(self, key):
        reader = self.get(f"b/{key}", linger=None)
        self.ends(reader, 0)  # and leaves its store to the next one
        self.assertTrue(reader.output.read_bytes() == self.data[key], key)

    def evicted(self, why):
        return self.cluster.api("/cluster")["counters"]["evictions_by"].get(why, 0)

    def succeed(self, *arguments):
        done = self.cluster.tyto(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_the_least_recently_used_objects_make_room_and_are_read_again_if_asked_for(self):
        for key in self.data:
            self.read(key)
        self.assertGreaterEqual(self.evicted("evict_lru"), OBJECTS - 16)
        self.read("k0")
        self.assertEqual(self.origin.bytes_sent("k0"), 2 * SIZE)
        self.read(f"k{OBJECTS - 1}")
        self.assertEqual(self.origin.bytes_sent(f"k{OBJECTS - 1}"), SIZE)

    def test_a_pinned_object_stays_over_a_restart_of_the_tracker_too(self):
        self.read("k0")
        self.assertIn("b/k0", self.succeed("pin", "b/k0", "--for", "7d"))
        for key in list(self.data)[1:10]:
            self.read(key)
        self.cluster.tracker.process.kill()
        self.cluster.restart_tracker()
        until(lambda: self.cluster.object("b", "k0")["holders"] > 0, 30,
              lambda: "the superpeer has told what it holds")
        for key in list(self.data)[10:]:
            self.read(key)
        self.assertGreater(self.evicted("evict_lru"), 0)
        self.assertIn("b/k0", self.succeed("pin", "ls"))
        self.assertTrue(self.cluster.object("b", "k0")["is_pinned"])
        self.read("k0")
        self.assertEqual(self.origin.bytes_sent("k0"), SIZE)
        self.succeed("unpin", "b/k0")
        self.assertNotIn("b/k0", self.succeed("pin", "ls", "b"))

    def test_a_bucket_with_a_quota_takes_no_more_of_the_store_than_it_may(self):
        self.succeed("bucket", "set", "b", "caching.bytes_per_peer=4MiB")
        for i in range(8):
            self.read(f"k{i}")
        self.assertGreaterEqual(self.evicted("evict_quota"), 4)
        used = {peer["role"]: peer["used_bytes"] for peer in self.cluster.api("/peers")["peers"]}
        self.assertLessEqual(used["superpeer"], 4 * SIZE)

    def test_a_bucket_with_a_quota_of_the_fleet_is_kept_no_more_of_by_all_together(self):
        quota = 6 * SIZE
        self.succeed("bucket", "set", "b", "caching.fleet_bytes=6MiB")
        agents = [self.cluster.start_agent(name=f"agent-{i}") for i in range(2)]
        for i in range(10):
            reader = self.get(f"b/k{i}", f"get-{i}", linger=None,
                              flags=("--agent", agents[i % 2].socket))
            self.assertTrue(reader.output.read_bytes() == self.data[f"k{i}"])

        def kept():
            bucket = self.cluster.api("/buckets/b")
            used = sum(peer["used_bytes"] for peer in self.cluster.api("/peers")["peers"])
            return bucket["kept_bytes"], bucket["evicting_bytes"], used
        until(lambda: kept()[0] <= quota and kept()[1:] == (0, kept()[0]), 30, kept)
        self.assertEqual(self.cluster.api("/buckets/b")["kept_bytes_max"], quota)
        self.assertGreaterEqual(kept()[0], quota - SIZE)  # it is used, too
        self.assertGreaterEqual(self.evicted("evict_fleet_quota"), 10)
        self.assertEqual([self.origin.bytes_sent(f"k{i}") for i in range(10)], 10 * [SIZE])
        self.assertIn("its bucket had all that the fleet may keep of it",
                      self.succeed("explain", "b/k0"))
        _, metrics = web.request(self.cluster.tracker.http, "/metrics")
        self.assertIn(f'tyto_tracker_bucket_kept_bytes_max{{bucket="b"}} {quota}',
                      metrics.decode())

    def test_another_replacement_is_in_force_at_once(self):
        self.succeed("bucket", "set", "b", "caching.replacement=random")
        for key in self.data:
            self.read(key)
        self.assertGreaterEqual(self.evicted("evict_random"), OBJECTS - 16)

    def test_a_pin_beyond_the_buckets_quota_is_refused(self):
        self.succeed("bucket", "set", "b", "caching.pinned_max=1MiB")
        for key in ("k0", "k1"):
            self.read(key)
        self.succeed("pin", "b/k0", "--for", "1h")
        done = self.cluster.tyto("pin", "b/k1", "--for", "1h")
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("caching.pinned_max", done.stderr)

    def test_pins_that_make_no_sense_are_refused(self):
        self.read("k0")
        for arguments, code, words in (
            (("pin", "b/k0"), 2, "--for 7d"),
            (("pin", "b/k0", "--for", "soon"), 2, "--for"),
            (("pin", "b/none", "--for", "7d"), 3, "does not know b/none"),
            (("pin", "none/k0", "--for", "7d"), 3, "none"),
            (("unpin", "b/k0"), 3, "is not pinned"),
        ):
            done = self.cluster.tyto(*arguments)
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
