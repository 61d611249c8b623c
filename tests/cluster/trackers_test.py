"""Several trackers of real processes: they find one another, and notice who is gone."""

import os
import socket

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest, until

from cluster import web

SIZE = 16 * MIB
# A silent link is lost after 1.5 s; the rest is for machines that have other things to do.
NOTICE_SECONDS = 30


def loopback_of_ours():
    """An address of this machine that no other test uses: ports on it are free."""
    pid = os.getpid()
    return f"127.{pid >> 14 & 127 | 128}.{pid >> 7 & 127}.{pid & 127 | 1}"


def free_ports(host, count):
    sockets = [socket.create_server((host, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Trackers(ClusterCase):

    def start_all(self, count):
        host = loopback_of_ours()
        self.rpc = [f"{host}:{port}" for port in free_ports(host, count)]
        self.trackers = [self.start_one(i) for i in range(count)]

    def start_one(self, i):
        return self.cluster.start_tracker(
            *(flag for rpc in self.rpc for flag in ("--cluster-members", rpc)), "--cluster-id",
            f"t{i}", name=f"tracker-{i}",
            rpc=self.rpc[i], catalog=f"sqlite:{self.cluster.folder}/catalog-{i}.sqlite")

    def cluster_of(self, i):
        return web.get_json(self.trackers[i].http, "/api/v1/cluster")["cluster"]

    def members(self, i):
        return len(self.cluster_of(i)["members"])

    def await_members(self, who, count):
        until(lambda: all(self.members(i) == count for i in who), NOTICE_SECONDS,
              lambda: f"{count} members; they say {[self.cluster_of(i) for i in who]}")

    def test_trackers_of_one_list_make_a_cluster_and_notice_who_is_killed_and_who_is_back(self):
        self.start_all(3)
        self.await_members((0, 1, 2), 3)
        self.trackers[2].process.kill()
        self.await_members((0, 1), 2)
        for i in (0, 1):
            gone = [link for link in self.cluster_of(i)["links"] if link["name"] == "t2"]
            self.assertEqual([link["state"] for link in gone], ["down"])
        self.trackers[2] = self.start_one(2)
        self.await_members((0, 1, 2), 3)

    def test_a_frozen_tracker_is_no_member_until_it_moves_again(self):
        self.start_all(2)
        self.await_members((0, 1), 2)
        self.trackers[1].process.freeze()
        self.await_members((0,), 1)
        self.trackers[1].process.thaw()
        self.await_members((0, 1), 2)

    def start_serving(self, count):
        """As many trackers, a bucket at each, and a superpeer at the first."""
        self.start_all(count)
        self.await_members(range(count), count)
        for tracker in self.trackers:
            self.cluster.tracker = tracker
            self.cluster.create_bucket("b", self.origin.url)
        self.cluster.tracker = self.trackers[0]
        self.cluster.start_superpeer()

    def read_at(self, i, name, **how):
        self.cluster.tracker = self.trackers[i % len(self.trackers)]
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

    def lose_a_tracker_in_mid_download(self, lose):
        """Readers at the tracker that is left, and at the one that is lost, both get all."""
        self.start_serving(2)
        data = self.put("k", SIZE)
        self.origin.hold_after(SIZE // 2)
        here = self.read_at(0, "here")
        there = self.read_at(1, "there", flags=(f"--tracker={self.trackers[0].rpc}",))
        here.wait_for_bytes(SIZE // 4, END_SECONDS)
        lose(self.trackers[1].process)
        self.origin.let_through()
        for reader in (here, there):
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, data)
        self.assertLessEqual(self.origin.bytes_sent("k"), SIZE * 1.02)

    def test_a_killed_tracker_costs_no_read_of_the_origin(self):
        self.lose_a_tracker_in_mid_download(lambda process: process.kill())

    def test_the_trackers_are_listed_by_the_command(self):
        self.start_all(2)
        self.await_members((0, 1), 2)
        done = self.cluster.tyto("trackers")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("this one", done.stdout)
        self.assertIn("t0", done.stdout)
        self.assertIn(self.rpc[0], done.stdout)


if __name__ == "__main__":
    unittest.main()
