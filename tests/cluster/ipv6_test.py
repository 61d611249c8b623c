"""Everything over IPv6: by address, and by names that have no other addresses.

Run in a network of its own, in which there is no IPv4 at all; ends with 77 where that is forbidden.
"""

import os
import subprocess
import tempfile

import namespace
from cluster_case import END_SECONDS, MIB, ClusterCase, unittest
from cluster import ports, web  # pylint: disable=wrong-import-order
from name_server import NameServer

SIZE = 8 * MIB
NAMES = ("t0.test", "t1.test", "origin.test", "sp.test")
PREPARE = "ip link set lo up && ip -4 addr flush dev lo && ip -6 addr show dev lo | grep -q ::1"


class AllOverIpv6Test(ClusterCase):
    loopback = "::1"

    def read_at_both(self, trackers, data):
        readers = [self.cluster.get("b/k", f"reader-{i}", flags=("--tracker", one))
                   for i, one in enumerate(trackers)]
        for reader in readers:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, data)
        self.assertLessEqual(self.origin.bytes_sent("k"), SIZE * 1.02)
        return readers

    def test_two_trackers_a_superpeer_and_readers_by_their_addresses(self):
        data = self.put("k", SIZE)
        self.cluster.start_trackers(2)
        superpeer = self.cluster.start_superpeer()
        self.cluster.create_bucket_at_each("b", self.origin.url)
        first = self.read_at_both([one.rpc for one in self.cluster.trackers], data)[0]
        self.assertGreater(first.summary["bytes_from"]["peer"]
                           + first.summary["bytes_from"]["superpeer"], 0)
        peers = [peer for one in self.cluster.trackers
                 for peer in web.get_json(one.http, "/api/v1/peers")["peers"]]
        self.assertEqual({peer["data_address"].rpartition(":")[0] for peer in peers}, {"[::1]"})
        for text in (superpeer.process.output(), self.cluster.tracker.process.output(),
                     self.cluster.tracker.process.log(), self.cluster.tyto("trackers").stdout,
                     self.cluster.tyto("peers").stdout):
            self.assertIn("[::1]:", text)
            self.assertNotRegex(text, r"(?<!\[)::1:\d")

    def test_a_killed_tracker_over_ipv6_costs_its_readers_nothing(self):
        data = self.put("k", SIZE)
        self.cluster.start_trackers(2)
        self.cluster.start_superpeer()
        self.cluster.create_bucket_at_each("b", self.origin.url)
        self.origin.hold_after(SIZE // 2)
        self.cluster.tracker = self.cluster.trackers[1]
        reader = self.cluster.get("b/k")
        reader.wait_for_bytes(SIZE // 4, END_SECONDS)
        self.cluster.trackers[1].process.kill()
        self.origin.let_through()
        reader.wait_done(END_SECONDS)
        self.assert_copy(reader, data)

    def test_an_address_without_brackets_is_refused_and_the_message_says_what_is_expected(self):
        for setting in ("--listen-rpc", "--listen-http", "--cluster-advertise",
                        "--cluster-members"):
            refused = self.cluster.start("refused", [
                self.cluster.programs.tracker, "--catalog",
                f"sqlite:{self.cluster.folder / 'refused.sqlite'}", setting, "::1:7400"])
            self.assertEqual(refused.wait(END_SECONDS), 2, refused.log())
            self.assertIn("[ipv6]:port", refused.log())
            self.assertIn(setting[2:].replace("-", ".", 1), refused.log())


class NamesTest(ClusterCase):
    """The names have AAAA records and no others; the name server, too, is reached over IPv6."""

    loopback = "::1"

    def setUp(self):
        super().setUp()
        self.names = NameServer("::1")
        self.addCleanup(self.names.close)
        self.names.addresses = {name: ["::1"] for name in NAMES}
        with tempfile.NamedTemporaryFile("w", prefix="tyto-resolv-", delete=False) as file:
            file.write("nameserver ::1\noptions attempts:2 timeout:2\n")
        self.addCleanup(os.unlink, file.name)
        target = os.path.realpath("/etc/resolv.conf")
        subprocess.run(["mount", "--bind", file.name, target], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", target], check=True)

    def start_named_trackers(self):
        numbers = ports.free_ports("::1", 2)
        self.rpc = [f"t{i}.test:{port}" for i, port in enumerate(numbers)]
        members = [flag for rpc in self.rpc for flag in ("--cluster-members", rpc)]
        self.cluster.trackers = [
            self.cluster.start_tracker(
                *members, "--cluster-advertise", self.rpc[i], name=f"tracker-{i}",
                rpc=f"[::1]:{port}", catalog=f"sqlite:{self.cluster.folder}/catalog-{i}.sqlite")
            for i, port in enumerate(numbers)]
        self.cluster.await_members((0, 1), 2)
        self.names.services["_tyto._tcp.cluster.test"] = [
            (f"t{i}.test", port) for i, port in enumerate(numbers)]

    def test_trackers_origin_and_peers_are_found_by_aaaa_and_srv_records(self):
        data = self.put("k", SIZE)
        self.start_named_trackers()
        self.cluster.start_superpeer("--advertise-host", "sp.test")
        port = self.origin.url.rpartition(":")[2]
        self.cluster.create_bucket_at_each("b", f"http://origin.test:{port}")
        done = []
        for name, tracker in (("by-name", self.rpc[1]), ("by-service", "srv:cluster.test")):
            done.append(self.cluster.get("b/k", name, tracker=tracker))
        for reader in done:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, data)
        self.assertLessEqual(self.origin.bytes_sent("k"), SIZE * 1.02)


if __name__ == "__main__":
    namespace.enter("-m", "-n", needs=PREPARE, what="a network of one's own")
    subprocess.run(["sh", "-c", PREPARE], check=True)
    unittest.main()
