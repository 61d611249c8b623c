"""A catalog on PostgreSQL is put back to a backup while trackers run on it: downloads go on, no
reader gets wrong bytes, and everything can be published and configured again, by itself."""

from cluster_case import END_SECONDS, MIB, ClusterCase, make_bytes, unittest, until
from cluster import web  # pylint: disable=wrong-import-order
from cluster.postgres import Postgres  # pylint: disable=wrong-import-order

SIZE = 2 * MIB
BIG = 16 * MIB
TRACKERS = 2


class RollbackTest(ClusterCase):

    def setUp(self):
        super().setUp()
        self.postgres = Postgres()
        self.addCleanup(self.postgres.close)
        self.cluster.start_trackers(TRACKERS, "--catalog-timeout", "1s",
                                    catalog=self.postgres.uri())
        self.cluster.start_superpeer()
        self.cluster.create_bucket("b", self.origin.url)

    def publish(self, key, data, bucket="b"):
        self.origin.put(key, data)
        file = self.cluster.folder / f"{key}-{len(data)}.local"
        file.write_bytes(data)
        return self.cluster.tyto("publish", file, f"{bucket}/{key}")

    def works(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)

    def each_tracker(self):
        """Each in turn as the present one, which is the former one afterwards."""
        former = self.cluster.tracker
        for tracker in self.cluster.trackers:
            self.cluster.tracker = tracker
            yield tracker
        self.cluster.tracker = former

    def version_of(self, key):
        try:
            return self.cluster.object("b", key)["version"]
        except web.HttpFailed:
            return None

    def await_at_each(self, key):
        """All have heard of the version that the present tracker knows."""
        version = self.version_of(key)
        for _ in self.each_tracker():
            until(lambda: self.version_of(key) == version, END_SECONDS,
                  lambda: f"each tracker has {key} as {version}")

    def await_bucket_at_each(self, name):
        for _ in self.each_tracker():
            until(lambda: any(bucket["name"] == name
                              for bucket in self.cluster.api("/buckets")["buckets"]), END_SECONDS,
                  lambda: f"each tracker serves the bucket {name}")

    def read_at_each(self, name, data):
        for i, _ in enumerate(self.each_tracker()):
            reader = self.get(name, f"{name.replace('/', '-')}-{i}-{len(self.cluster.processes)}")
            self.assert_copy(reader, data)

    def says_what_it_cannot(self, done):
        """What is refused is refused for a reason that names the database or the bucket."""
        if done.returncode != 0:
            self.assertIn(done.returncode, (3, 5, 8), done.stderr)
            self.assertRegex(done.stderr, "PostgreSQL|bucket|published")

    def rolled_back(self, back):
        before, after, big = (make_bytes(SIZE, 1), make_bytes(SIZE, 2), self.put("big", BIG, 3))
        for key in ("kept", "unread"):
            self.works(self.publish(key, before))
        self.await_at_each("kept")
        self.read_at_each("b/kept", before)
        backup = back.save()
        for key in ("kept", "unread"):
            self.works(self.publish(key, after))
        self.works(self.publish("lost", after))
        self.works(self.cluster.tyto("bucket", "set", "b", "origin.requests_per_s=1000"))
        self.works(self.cluster.tyto("bucket", "create", "late", "--origin", self.origin.url))
        self.works(self.publish("only-there", after, "late"))
        self.await_at_each("kept")
        self.read_at_each("b/kept", after)
        self.origin.hold_after(BIG // 2)
        readers = []
        for i, _ in enumerate(self.each_tracker()):
            readers.append(self.cluster.get("b/big", f"big-{i}"))
        for reader in readers:
            reader.wait_for_bytes(BIG // 8, END_SECONDS)
        back.restore(backup)
        self.origin.let_through()
        for tracker in self.each_tracker():
            self.says_what_it_cannot(self.publish("at-once", before))
            self.says_what_it_cannot(self.cluster.tyto("bucket", "set", "late", "origin.reads=7"))
            until(lambda log=tracker.process.log: "put back to an older copy" in log(),
                  END_SECONDS, "the tracker notices")
        for reader in readers:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, big)
        self.assertLessEqual(self.origin.bytes_sent("big"), BIG * 1.02)
        self.all_works_again(before, after)
        # What the catalog has again is neither held by a peer nor at the origin.
        self.get_fails("b/unread", 8, "no longer at its origin")
        self.works(self.publish("unread", after))
        self.await_at_each("unread")
        self.read_at_each("b/unread", after)

    def all_works_again(self, before, after):
        for i, _ in enumerate(self.each_tracker()):
            until(lambda: not self.cluster.api("/cluster")["catalog"]["is_failing"], END_SECONDS,
                  "the tracker has its catalog again")
            self.read_at_each("b/kept", before)  # from peers: the origin has it no more
            self.read_at_each("b/lost", after)
            new = make_bytes(SIZE, 20 + i)
            self.works(self.publish(f"new-{i}", new))
            self.await_at_each(f"new-{i}")
            self.read_at_each(f"b/new-{i}", new)
            self.works(self.cluster.tyto("bucket", "create", f"other-{i}", "--origin",
                                         self.origin.url))
            self.await_bucket_at_each(f"other-{i}")
            self.read_at_each(f"other-{i}/new-{i}", new)
            self.works(self.cluster.tyto("bucket", "set", "b", f"origin.requests_per_s={500 + i}"))
            done = self.cluster.tyto("bucket", "policy", "b")
            self.assertIn(str(500 + i), done.stdout)

    def test_it_is_restored_from_a_dump(self):
        class Dump:
            save = self.postgres.dump
            restore = self.postgres.restore

        self.rolled_back(Dump)

    def test_its_disk_is_put_back(self):
        class Folder:
            save = self.postgres.copy_folder
            restore = self.postgres.put_folder_back

        self.rolled_back(Folder)


if __name__ == "__main__":
    unittest.main()
