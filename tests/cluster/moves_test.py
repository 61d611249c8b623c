"""Trackers end, freeze and come back one after the other while readers read: no read fails for it,
and the origin is not read again."""

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest, until

from cluster import web

SIZE = 16 * MIB
TRACKERS = 3
READERS = 6
# All of the object takes the origin so long: readers are under way whatever the machine does.
ORIGIN_SECONDS = 10


class Moves(ClusterCase):

    def begin(self):
        self.cluster.start_trackers(TRACKERS)
        self.cluster.create_bucket_at_each("b", self.origin.url)
        self.cluster.start_superpeer()
        self.data = self.put("k", SIZE)
        self.origin.throttle(SIZE / ORIGIN_SECONDS)
        self.readers = []
        for i in range(READERS):
            self.cluster.tracker = self.cluster.trackers[i % TRACKERS]
            rack = f"local/loopback/rack-{i // 2}/reader-{i}"
            self.readers.append(self.cluster.get("b/k", f"reader-{i}", location=rack))

    def await_share(self, share):
        """Each reader has so much of the object."""
        for reader in self.readers:
            reader.wait_for_bytes(int(SIZE * share), END_SECONDS)

    def check(self, what):
        for reader in self.readers:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, self.data)
        amplification = self.origin.bytes_sent("k") / SIZE
        print(f"{what}: amplification {amplification:.3f}")
        self.assertLessEqual(amplification, 1.05)

    def restart_each(self, end):
        self.begin()
        for i in range(TRACKERS):
            self.await_share((i + 1) / (TRACKERS + 2))
            end(self.cluster.trackers[i].process)
            self.cluster.trackers[i] = self.cluster.start_member(i)
            self.cluster.await_members(range(TRACKERS), TRACKERS)

    def test_trackers_stopped_and_started_one_after_the_other_cost_nothing(self):
        self.restart_each(lambda process: process.stop())
        self.check("each tracker stopped and started")

    def test_trackers_killed_and_started_one_after_the_other_cost_nothing(self):
        self.restart_each(lambda process: process.kill())
        self.check("each tracker killed and started")

    def test_trackers_frozen_one_after_the_other_cost_nothing(self):
        self.begin()
        for i in range(TRACKERS):
            self.await_share((i + 1) / (TRACKERS + 2))
            others = [k for k in range(TRACKERS) if k != i]
            self.cluster.trackers[i].process.freeze()
            self.cluster.await_members(others, TRACKERS - 1)
            self.cluster.trackers[i].process.thaw()
            self.cluster.await_members(range(TRACKERS), TRACKERS)
        self.check("each tracker frozen until it was missed")

    def test_a_tracker_that_stays_frozen_costs_nothing(self):
        for victim in range(TRACKERS):
            with self.subTest(victim=victim):
                self.begin()
                self.await_share(1 / 4)
                self.cluster.trackers[victim].process.freeze()
                self.check(f"tracker {victim} frozen")
                self.doCleanups()
                self.setUp()

    def superpeers_of(self, i):
        """Those that a tracker has a connection of."""
        peers = web.get_json(self.cluster.trackers[i].http, "/api/v1/peers")["peers"]
        return [peer for peer in peers if peer["role"] == "superpeer" and peer["is_connected"]]

    def test_the_only_superpeers_home_is_killed_for_good_and_costs_nothing(self):
        self.begin()
        self.assertEqual(len(self.superpeers_of(0)), 1)
        self.await_share(1 / 4)
        self.cluster.trackers[0].process.kill()
        self.check("home of the superpeer killed for good")

    def test_the_only_superpeers_home_is_frozen_until_that_has_found_another_and_costs_nothing(self):
        self.begin()
        self.await_share(1 / 4)
        self.cluster.trackers[0].process.freeze()
        until(lambda: self.superpeers_of(1) or self.superpeers_of(2), END_SECONDS,
              "the superpeer has come to another tracker")
        self.cluster.trackers[0].process.thaw()
        self.check("home of the superpeer frozen until that has left")


if __name__ == "__main__":
    unittest.main()
