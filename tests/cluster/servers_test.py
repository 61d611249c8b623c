"""The superpeer or the tracker is killed in mid-download, for good or to come back."""

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest

SIZE = 16 * MIB
# What may have been under way from the origin when a process was killed, and is read again.
UNDER_WAY = 2 * MIB


class ServersTest(ClusterCase):

    def setUp(self):
        super().setUp()
        self.data = self.put("k", SIZE)
        self.superpeer = self.start()

    def read_half(self, name="reader"):
        """A reader that waits in mid-download, for the origin gives no more than half."""
        self.origin.hold_after(SIZE // 2)
        reader = self.cluster.get("b/k", name)
        reader.wait_for_bytes(SIZE // 4, END_SECONDS)
        return reader

    def test_without_its_superpeer_a_reader_goes_on(self):
        reader = self.read_half()
        self.superpeer.process.kill()
        self.origin.let_through()
        reader.wait_done(END_SECONDS)
        self.assert_copy(reader, self.data)

    def test_a_restarted_superpeer_goes_on_with_what_it_had(self):
        reader = self.read_half()
        self.superpeer.process.kill()
        again = self.cluster.start_superpeer()
        self.assertRegex(again.process.log(), r"store opened.* chunks=[1-9]")
        self.origin.let_through()
        reader.wait_done(END_SECONDS)
        self.assert_copy(reader, self.data)
        self.assertLessEqual(self.origin.bytes_sent("k"), SIZE + UNDER_WAY)

    def test_a_download_ends_though_the_tracker_is_gone_for_good(self):
        reader = self.read_half()
        self.cluster.tracker.process.kill()
        self.origin.let_through()
        reader.wait_done(END_SECONDS)
        self.assert_copy(reader, self.data)

    def test_after_a_restart_of_the_tracker_nothing_is_fetched_again(self):
        reader = self.read_half()
        self.cluster.tracker.process.kill()
        self.cluster.restart_tracker()
        self.origin.let_through()
        reader.wait_done(END_SECONDS)
        self.assert_copy(reader, self.data)
        sent = self.origin.bytes_sent("k")
        self.assertLessEqual(sent, SIZE + UNDER_WAY)

        self.cluster.tracker.process.kill()
        self.cluster.restart_tracker()
        late = self.get("b/k", "late")
        self.assert_copy(late, self.data)
        self.assertEqual(self.origin.bytes_sent("k"), sent)
        self.assertEqual(late.summary["bytes_from"]["origin"], 0)

    def test_a_download_ends_though_tracker_and_superpeer_are_gone_for_good(self):
        reader = self.read_half()
        self.cluster.tracker.process.kill()
        self.superpeer.process.kill()
        self.origin.let_through()
        reader.wait_done(END_SECONDS)
        self.assert_copy(reader, self.data)

    def test_without_a_tracker_readers_still_help_each_other(self):
        self.origin.hold_after(SIZE // 2)
        readers = [self.cluster.get("b/k", f"reader-{i}") for i in range(3)]
        for reader in readers:
            reader.wait_for_bytes(SIZE // 4, END_SECONDS)
        self.cluster.tracker.process.kill()
        self.origin.let_through()
        for reader in readers:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, self.data)

    def test_a_superpeer_whose_disk_lies_is_found_out(self):
        self.get("b/k", "first", linger=None)
        [path] = (self.cluster.folder / "superpeer-store").glob("objects/*/data")
        with open(path, "r+b") as file:
            file.seek(SIZE // 2)
            file.write(b"\xff" * (SIZE // 2))
        self.assert_copy(self.get("b/k", "second"), self.data)

    def test_a_file_is_streamed_to_a_pipe(self):
        with open(self.cluster.folder / "stream.out", "wb"):
            pass
        reader = self.cluster.get("b/k", "stream", linger=None, output="-")
        self.assertEqual(reader.process.wait(END_SECONDS), 0, reader.process.log_tail())
        out = reader.process.out_path.read_bytes()
        self.assertTrue(out[:SIZE] == self.data, "other bytes on the pipe")


class ForgetfulTrackerTest(ClusterCase):
    """Versions that were found are written to the catalog a moment later than they are told of."""

    def test_a_read_goes_on_though_the_tracker_comes_back_without_its_version(self):
        self.start(tracker_flags=("--catalog-write-behind", "60s"))
        data = self.put("k", SIZE)
        self.origin.hold_after(SIZE // 2)
        reader = self.cluster.get("b/k")
        reader.wait_for_bytes(SIZE // 4, END_SECONDS)
        self.cluster.tracker.process.kill()
        tracker = self.cluster.restart_tracker()
        self.assertRegex(tracker.process.log(), "catalog loaded.* versions=0")
        self.origin.let_through()
        reader.wait_done(END_SECONDS)
        self.assert_copy(reader, data)
        self.assertLessEqual(self.origin.bytes_sent("k"), SIZE + UNDER_WAY)


class FrozenServersTest(ClusterCase):
    """A frozen process is known by its silence: after session.park and session.silence_max, which
    together are 30 s if they are not set."""

    def check_frozen(self, index, name):
        self.start(tracker_flags=("--session-park", "2s", "--session-silence-max", "2s"))
        data = self.put("k", SIZE)
        self.origin.hold_after(SIZE // 2)
        reader = self.cluster.get("b/k")
        reader.wait_for_bytes(SIZE // 4, END_SECONDS)
        frozen = self.cluster.processes[index]
        self.assertEqual(frozen.name, name)
        frozen.freeze()
        self.origin.let_through()
        reader.wait_done(20)
        frozen.thaw()
        self.assert_copy(reader, data)
        self.assert_copy(self.get("b/k", "late"), data)

    def test_a_frozen_tracker_holds_nobody_up_for_long(self):
        self.check_frozen(0, "tracker")

    def test_nor_does_a_superpeer_that_was_to_read_the_origin(self):
        self.check_frozen(1, "superpeer")


if __name__ == "__main__":
    unittest.main()
