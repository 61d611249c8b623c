"""The disk of the PostgreSQL server is full, for real: its data are on a small tmpfs.

Run in a mount namespace of its own, which takes the mount with it; ends with 77 where that is
forbidden.
"""

import pathlib
import subprocess
import tempfile

import namespace
from cluster_case import END_SECONDS, MIB, ClusterCase, make_bytes, unittest, until
from cluster import web  # pylint: disable=wrong-import-order
from cluster.postgres import Postgres  # pylint: disable=wrong-import-order

DISK_MIB = 96  # a fresh server takes half of it
SIZE = 2 * MIB
# As many publications fit into pages that the server has already, at most.
PUBLISHED_MAX = 400


class DiskFullTest(ClusterCase):

    def setUp(self):
        super().setUp()
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="tyto-disk-"))
        self.addCleanup(self.disk.rmdir)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", self.disk],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        self.postgres = Postgres(self.disk)
        self.addCleanup(self.postgres.close)
        self.cluster.start_trackers(2, "--catalog-timeout", "2s", catalog=self.postgres.uri())
        self.cluster.start_superpeer()
        self.cluster.create_bucket("b", self.origin.url)

    def fill(self):
        """Takes what is left of the disk."""
        with open(self.disk / "ballast", "wb") as file:
            try:
                while True:
                    file.write(bytes(MIB))
                    file.flush()
            except OSError:
                pass
        with open(self.disk / "crumbs", "wb", 0) as file:
            try:
                while True:
                    file.write(bytes(1024))
            except OSError:
                pass

    def publish(self, number):
        file = self.cluster.folder / "local.bin"
        file.write_bytes(make_bytes(256 * 1024, seed=number))
        return self.cluster.tyto("publish", file, f"b/published-{number}")

    def is_failing(self, tracker):
        return web.get_json(tracker.http, "/api/v1/cluster")["catalog"]["is_failing"]

    def keys_known_to(self, tracker):
        found = web.get_json(tracker.http, "/api/v1/buckets/b/objects?limit=1000")["objects"]
        return {one["key"] for one in found}

    def test_downloads_go_on_and_publishing_says_why_not_until_there_is_room_again(self):
        self.fill()
        for number in range(PUBLISHED_MAX):
            done = self.publish(number)
            if done.returncode != 0:
                break
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("free space on the disk of the PostgreSQL server", done.stderr)
        first, second = self.cluster.trackers
        self.assertTrue(self.is_failing(first))
        self.assertNotIn(f"published-{number}", self.keys_known_to(second))
        data = self.put("read.bin", SIZE, seed=1)
        for tracker in self.cluster.trackers:
            self.cluster.tracker = tracker
            reader = self.get("b/read.bin", f"reader-{tracker.rpc.replace(':', '-')}")
            self.assert_copy(reader, data)
        self.cluster.tracker = first
        self.assertEqual([self.cluster.members(i) for i in (0, 1)], [2, 2])

        for name in ("ballast", "crumbs"):
            (self.disk / name).unlink()
        until(lambda: self.publish(number).returncode == 0, END_SECONDS, "publishing works again")
        until(lambda: not any(map(self.is_failing, self.cluster.trackers)), END_SECONDS,
              "both trackers have their catalog again")
        until(lambda: f"published-{number}" in self.keys_known_to(second), END_SECONDS,
              "the other tracker hears of what was published")


if __name__ == "__main__":
    namespace.enter("-m", needs="mount -t tmpfs tmpfs /mnt", what="mounting a small disk")
    unittest.main()
