"""Buckets that are kept in memory: nothing on disks, copies served from memory, gone with their
process."""

import signal

from cluster_case import MIB, ClusterCase, unittest, until
from cluster import web  # pylint: disable=wrong-import-order

SIZE = 5 * MIB
ROOM = 64 * MIB
LENDS = ("--memory-bytes", str(ROOM))


def below(folder):
    """All files of a folder, as one text of bytes."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


class PlacementTest(ClusterCase):

    def begin(self, superpeer_flags=LENDS):
        self.secret = self.put("secret", SIZE, seed=1)
        self.plain = self.put("plain", SIZE, seed=2)
        self.start(superpeer_flags=superpeer_flags)
        self.cluster.create_bucket("disk", self.origin.url)
        self.succeed("bucket", "set", "b", "caching.placement=memory")

    def succeed(self, *arguments):
        done = self.cluster.tyto(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def read(self, object_name, agent, name):
        reader = self.get(object_name, name, linger=None, flags=("--agent", agent.socket))
        return reader.summary["bytes_from"]

    def peer(self, name):
        # One that was killed is listed for a while, as lost.
        rows = [p for p in self.cluster.api("/peers")["peers"]
                if p["name"] == name and p["is_connected"]]
        self.assertEqual(len(rows), 1, f"one peer of name {name} is connected; {rows}")
        return rows[0]

    def metric(self, daemon, name):
        _, text = web.request(daemon.http, "/metrics")
        return next(float(line.split()[1]) for line in text.decode().splitlines()
                    if line.startswith(name + " "))

    # Any block will do: what is stored is stored as it is.
    def assert_nowhere(self, data, *folders):
        for folder in folders:
            kept = below(folder)
            for at in range(0, SIZE, 64 * 1024):
                self.assertNotIn(data[at:at + 64], kept, f"byte {at} is below {folder}")

    def test_nothing_of_it_is_on_a_disk_and_the_next_reader_has_it_from_memory(self):
        self.begin()
        agents = [self.cluster.start_agent(*LENDS, name=f"agent-{i}") for i in range(2)]
        stores = [self.cluster.folder / f"{name}-store"
                  for name in ("superpeer", "agent-0", "agent-1")]
        self.read("b/secret", agents[0], "first")
        self.read("disk/plain", agents[0], "other")
        came = self.read("b/secret", agents[1], "second")
        self.assertEqual(came["origin"], 0)
        self.assertEqual(came["peer"] + came["superpeer"], SIZE)
        self.assertEqual(self.origin.bytes_sent("secret"), SIZE)
        self.assert_nowhere(self.secret, *stores)
        self.assertIn(self.plain[:64], below(stores[1]))
        first = self.peer("agent-0")
        self.assertEqual((first["used_memory_bytes"], first["memory_bytes"]), (SIZE, ROOM))
        self.assertEqual(first["used_bytes"], SIZE)
        self.assertEqual(self.metric(agents[0], "tyto_peer_store_memory_used_bytes"), SIZE)
        self.assertEqual(self.metric(agents[0], "tyto_peer_store_used_bytes"), SIZE)
        self.assertEqual(self.cluster.object("b", "secret")["holders_in_memory"], 3)
        self.assertEqual(self.cluster.object("disk", "plain")["holders_in_memory"], 0)
        self.assertIn("holders_in_memory", self.succeed("stat", "b/secret"))

    def test_after_a_restart_it_is_gone_and_the_tracker_knows(self):
        self.begin()
        agent = self.cluster.start_agent(*LENDS)
        self.read("b/secret", agent, "first")
        self.read("disk/plain", agent, "other")
        for signal_number in (signal.SIGKILL, signal.SIGTERM):
            agent.process.send(signal_number)
            agent.process.wait(30)
            agent = self.cluster.start_agent(*LENDS)
            until(lambda: self.peer("agent")["used_bytes"] == SIZE, 30,
                  lambda: f"the agent has told of its disk; {self.peer('agent')}")
            self.assertEqual(self.peer("agent")["used_memory_bytes"], 0)
            # What the superpeer keeps is all that is left of it, once the lost session is over.
            until(lambda: self.cluster.object("b", "secret")["holders_in_memory"] == 1, 60,
                  "only the superpeer holds it in memory")
            self.assertEqual(self.read("disk/plain", agent, "kept")["store"], SIZE)
            came = self.read("b/secret", agent, "again")
            self.assertEqual((came["store"], came["superpeer"]), (0, SIZE))
        self.assertEqual(self.origin.bytes_sent("secret"), SIZE)

    def test_who_lends_no_memory_is_told_of_the_flag(self):
        self.begin()
        self.get_fails("b/secret", 7, "no memory", "--memory-bytes")
        reader = self.get("b/secret", "rich", flags=LENDS)
        self.assert_copy(reader, self.secret)
        self.get_fails("b/secret", 7, "--memory-bytes", name="poor",
                       flags=("--memory-bytes", str(2 * MIB)))

    def test_a_superpeer_that_lends_none_is_passed_over(self):
        self.begin(superpeer_flags=())
        reader = self.get("b/secret", "first", flags=LENDS)
        self.assert_copy(reader, self.secret)
        self.assertEqual(reader.summary["bytes_from"]["superpeer"], 0)
        self.assertEqual(self.peer("superpeer")["used_bytes"], 0)

    def test_what_is_full_makes_room_and_a_stream_needs_little(self):
        self.begin()
        room = 8 * MIB
        agent = self.cluster.start_agent("--memory-bytes", str(2 * room))
        for i in range(6):
            data = self.put(f"k{i}", SIZE, seed=10 + i)
            reader = self.get(f"b/k{i}", f"get-{i}", linger=None, flags=("--agent", agent.socket))
            self.assert_copy(reader, data)
        self.assertLessEqual(self.peer("agent")["used_memory_bytes"], 2 * room)
        self.assertGreater(
            self.cluster.api("/cluster")["counters"]["evictions_by"].get("evict_lru", 0), 0)

    def test_a_bucket_can_go_back_to_disks_while_it_is_read(self):
        self.begin()
        agent = self.cluster.start_agent(*LENDS)
        self.read("b/secret", agent, "first")
        self.succeed("bucket", "set", "b", "caching.placement=disk")
        data = self.put("later", SIZE, seed=3)
        self.read("b/later", agent, "second")
        self.assertEqual(self.peer("agent")["used_memory_bytes"], SIZE)
        self.assertEqual(self.peer("agent")["used_bytes"], SIZE)
        store = self.cluster.folder / "agent-store"
        self.assertIn(data[:64], below(store))
        self.assert_nowhere(self.secret, store)

    def test_what_is_in_both_outlives_its_file_and_its_process(self):
        self.begin()
        self.succeed("bucket", "set", "b", "caching.placement=both")
        agents = [self.cluster.start_agent(*LENDS, name=f"agent-{i}") for i in range(2)]
        self.read("b/secret", agents[0], "first")
        store = self.cluster.folder / "agent-0-store"
        self.assertIn(self.secret[:64], below(store))
        self.assertEqual(self.metric(agents[0], "tyto_peer_store_memory_copies_bytes"), SIZE)
        self.assertEqual(self.metric(agents[0], "tyto_peer_store_used_bytes"), SIZE)
        self.assertEqual(self.peer("agent-0")["used_memory_bytes"], 0)
        # What is read from it now comes from memory: its disk has other bytes.
        data = next(store.glob("objects/*/data"))
        kept = data.read_bytes()
        data.write_bytes(bytes(len(kept)))
        reader = self.get("b/secret", "copy", linger=None, flags=("--agent", agents[0].socket))
        self.assert_copy(reader, self.secret)
        self.assertEqual(reader.summary["bytes_from"]["store"], SIZE)
        data.write_bytes(kept)
        agents[0].process.send(signal.SIGTERM)
        agents[0].process.wait(30)
        again = self.cluster.start_agent(*LENDS, name="agent-0")
        self.assertEqual(self.read("b/secret", again, "again")["store"], SIZE)
        self.assertEqual(self.metric(again, "tyto_peer_store_memory_copies_bytes"), 0)
        self.assertEqual(self.origin.bytes_sent("secret"), SIZE)


if __name__ == "__main__":
    unittest.main()
