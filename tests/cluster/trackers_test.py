"""Several trackers of real processes: they find one another, and notice who is gone."""

import time

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest

from cluster import web

SIZE = 16 * MIB


class Trackers(ClusterCase):

    def cluster_of(self, i):
        return web.get_json(self.cluster.trackers[i].http, "/api/v1/cluster")["cluster"]

    def test_trackers_of_one_list_make_a_cluster_and_notice_who_is_killed_and_who_is_back(self):
        self.cluster.start_trackers(3)
        self.cluster.trackers[2].process.kill()
        self.cluster.await_members((0, 1), 2)
        for i in (0, 1):
            gone = [link for link in self.cluster_of(i)["links"] if link["name"] == "t2"]
            self.assertEqual([link["state"] for link in gone], ["down"])
        self.cluster.trackers[2] = self.cluster.start_member(2)
        self.cluster.await_members((0, 1, 2), 3)

    def test_a_frozen_tracker_is_no_member_until_it_moves_again(self):
        self.cluster.start_trackers(2)
        self.cluster.trackers[1].process.freeze()
        self.cluster.await_members((0,), 1)
        self.cluster.trackers[1].process.thaw()
        self.cluster.await_members((0, 1), 2)

    def start_serving(self, count):
        """As many trackers, a bucket at each, and a superpeer at the first."""
        self.cluster.start_trackers(count)
        self.cluster.create_bucket_at_each("b", self.origin.url)
        self.cluster.start_superpeer()

    def read_at(self, i, name, **how):
        self.cluster.tracker = self.cluster.trackers[i % len(self.cluster.trackers)]
        return self.cluster.get("b/k", name, **how)

    def check_that_the_origin_is_read_once(self, count, readers):
        self.start_serving(count)
        data = self.put("k", SIZE)
        started = [self.read_at(i, f"reader-{i}") for i in range(readers)]
        for reader in started:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, data)
        self.assertLessEqual(self.origin.bytes_sent("k"), SIZE * 1.02)

    def test_readers_of_two_trackers_read_the_origin_once(self):
        self.check_that_the_origin_is_read_once(2, 4)

    def test_readers_of_four_trackers_read_the_origin_once(self):
        self.check_that_the_origin_is_read_once(4, 8)

    def test_reads_that_are_for_their_readers_alone_keep_to_one_budget(self):
        self.start_serving(2)
        data = self.put("k", SIZE // 4)
        for tracker in self.cluster.trackers:
            self.cluster.tracker = tracker
            done = self.cluster.tyto("bucket", "set", "b", "origin.shadow=100%", "origin.reads=1",
                                     "origin.requests_per_s=20")
            self.assertEqual(done.returncode, 0, done.stderr)
        begun = time.monotonic()
        readers = [self.read_at(i, f"reader-{i}", location=f"local/loopback/rack-{i}/host-{i}")
                   for i in range(6)]
        for reader in readers:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, data)
        self.assertEqual(self.origin.bytes_sent("k"), 6 * len(data))
        asked = [self.metric(i, "tyto_tracker_origin_requests_total") for i in (0, 1)]
        self.assertGreater(min(asked), 0, f"readers are at both trackers; {asked}")
        self.assertEqual(self.origin.at_once_max, 1)
        # A read may come late, and none before its turn.
        for i, when in enumerate(sorted(self.origin.begun)):
            self.assertGreaterEqual(when - begun, i * 0.05)

    def metric(self, i, name):
        _, text = web.request(self.cluster.trackers[i].http, "/metrics")
        return next(float(line.split()[1]) for line in text.decode().splitlines()
                    if line.startswith(name + " "))

    def lose_a_tracker_in_mid_download(self, lose):
        """Readers at the tracker that is left, and at the one that is lost, both get all."""
        self.start_serving(2)
        data = self.put("k", SIZE)
        self.origin.hold_after(SIZE // 2)
        here = self.read_at(0, "here")
        there = self.read_at(1, "there", flags=(f"--tracker={self.cluster.trackers[0].rpc}",))
        here.wait_for_bytes(SIZE // 4, END_SECONDS)
        lose(self.cluster.trackers[1].process)
        self.origin.let_through()
        for reader in (here, there):
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, data)
        self.assertLessEqual(self.origin.bytes_sent("k"), SIZE * 1.02)

    def test_a_killed_tracker_costs_no_read_of_the_origin(self):
        self.lose_a_tracker_in_mid_download(lambda process: process.kill())

    def test_the_trackers_are_listed_by_the_command(self):
        self.cluster.start_trackers(2)
        done = self.cluster.tyto("trackers")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("this one", done.stdout)
        self.assertIn("t1", done.stdout)
        self.assertIn(self.cluster.trackers[0].rpc, done.stdout)


if __name__ == "__main__":
    unittest.main()
