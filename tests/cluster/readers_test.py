"""Readers that are killed, interrupted, out of room; and agents, which stay."""

import os
import shutil
import signal
import subprocess

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest

SIZE = 16 * MIB


class ReadersTest(ClusterCase):

    def setUp(self):
        super().setUp()
        self.data = self.put("k", SIZE)
        self.start()

    def read_half(self):
        self.origin.hold_after(SIZE // 2)
        reader = self.cluster.get("b/k", linger=None)
        reader.wait_for_bytes(SIZE // 4, END_SECONDS)
        return reader

    def check_resumed(self):
        """The same command again fetches what is missing and no more."""
        self.origin.let_through()
        again = self.cluster.get("b/k", linger=None)
        self.assertEqual(again.process.wait(END_SECONDS), 0, again.process.log_tail())
        self.assert_copy(again, self.data)
        self.assertGreaterEqual(again.summary["bytes_from"]["store"], SIZE // 4)
        self.assertEqual(self.fetched(again) + again.summary["bytes_from"]["store"], SIZE)
        left = [path.name for path in self.cluster.folder.iterdir() if path.name.endswith(".tyto")]
        self.assertEqual(left, [])

    def test_a_killed_reader_goes_on_where_it_was(self):
        self.read_half().process.kill()
        self.check_resumed()

    def test_an_interrupted_reader_goes_on_where_it_was(self):
        reader = self.read_half()
        reader.process.send(signal.SIGINT)
        self.ends(reader, 130, "goes on where it stopped")
        self.check_resumed()

    def test_a_store_that_is_too_small_is_an_error(self):
        self.get_fails("b/k", 7, flags=("--store", self.cluster.folder / "small", "--store-bytes",
                                        "1MiB"))

    def small_disk(self):
        """A folder with room for 6 MiB; skips the test where that cannot be made."""
        folder = self.cluster.folder / "disk"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tyto-test", folder]
        if os.geteuid() != 0 or not shutil.which("mount") or subprocess.run(
                mount, check=False, capture_output=True).returncode != 0:
            self.skipTest("needs to mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        return folder

    def test_a_full_disk_is_an_error(self):
        folder = self.small_disk()
        # What it is told it may keep is more than the disk has.
        self.get_fails("b/k", 7, "No space left", output=folder / "k",
                       flags=("--store", folder / "store", "--store-bytes", "1GiB"))
        self.assertFalse((folder / "k").exists())
        self.get_fails("b/k", 7, output=folder / "k")
        self.assert_copy(self.get("b/k", "elsewhere"), self.data)

    def test_a_superpeer_without_room_holds_nobody_up(self):
        self.cluster.processes[1].kill()
        self.cluster.start_superpeer(name="full", store=self.small_disk() / "store")
        readers = [self.cluster.get("b/k", f"reader-{i}") for i in range(3)]
        for reader in readers:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, self.data)

    def test_objects_may_be_larger_than_the_superpeers_cache(self):
        self.cluster.processes[1].kill()
        self.cluster.start_superpeer("--store-bytes", "16MiB", name="small")
        data = self.put("large", 3 * SIZE)
        readers = [self.cluster.get("b/large", f"reader-{i}") for i in range(3)]
        for reader in readers:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, data)
        self.assertLess(self.origin.bytes_sent("large"), 3 * len(data))

    def test_two_readers_do_not_write_one_file(self):
        reader = self.read_half()
        self.get_fails("b/k", 8, name="second", output=reader.output)
        self.origin.let_through()
        self.ends(reader, 0)
        self.assert_copy(reader, self.data)

    def test_an_output_that_cannot_be_written_is_an_error(self):
        self.get_fails("b/k", 3, "does not exist", output=self.cluster.folder / "no" / "k")
        (self.cluster.folder / "folder").mkdir()
        reader = self.cluster.get("b/k", "onto", linger=None, output=self.cluster.folder / "folder")
        self.assertNotEqual(reader.process.wait(END_SECONDS), 0)
        self.assertIn("folder", reader.process.log())

    def test_an_agent_serves_what_a_get_fetched_after_its_end(self):
        agent = self.cluster.start_agent()
        reader = self.cluster.get("b/k", "local", linger=None, flags=("--agent", agent.socket))
        self.ends(reader, 0)
        self.assert_copy(reader, self.data)
        self.assertTrue(reader.summary["through_agent"])
        self.cluster.processes[1].kill()  # the superpeer
        other = self.get("b/k", "other")
        self.assert_copy(other, self.data)
        self.assertEqual(other.summary["bytes_from"]["peer"], SIZE)
        self.assertEqual(self.origin.bytes_sent("k"), SIZE)


if __name__ == "__main__":
    unittest.main()
