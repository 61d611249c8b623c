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


if __name__ == "__main__":
    unittest.main()
