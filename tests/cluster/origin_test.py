"""Origins that fail, change, and can do little."""

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest

SIZE = 8 * MIB


class OriginTest(ClusterCase):

    def test_an_origin_that_answers_503_for_a_while_is_asked_again(self):
        data = self.put("k", SIZE)
        self.start()
        self.origin.refuse = 20
        reader = self.get("b/k")
        self.assert_copy(reader, data)
        self.assertEqual(self.origin.refuse, 0)

    def test_an_origin_that_is_down_for_good_is_an_error_in_time(self):
        self.put("k", SIZE)
        self.start()
        self.origin.is_down = True
        self.get_fails("b/k", 5, "503")

    def test_connections_cut_in_mid_body_are_made_again(self):
        data = self.put("k", SIZE)
        self.start()
        self.origin.cut = 12
        reader = self.get("b/k")
        self.assert_copy(reader, data)
        self.assertEqual(self.origin.cut, 0)

    def change_while_read(self):
        """Returns a reader of what was changed in mid-download, with both contents."""
        old = self.put("k", SIZE, seed=1)
        self.start(bucket_flags=("--revalidate", "always"))
        self.origin.hold_after(SIZE // 2)
        reader = self.cluster.get("b/k", linger=None)
        reader.wait_for_bytes(SIZE // 4, END_SECONDS)
        new = self.put("k", SIZE, seed=2, modified=1_700_000_100)
        self.origin.let_through()
        return reader, old, new

    def check_no_mix(self, reader, old, new):
        """The first ends clearly or with one version; the next has the new one."""
        code = reader.process.wait(END_SECONDS)
        if code == 0:
            self.assertTrue(reader.output.read_bytes() in (old, new), "a mix of versions")
        else:
            self.assertEqual(code, 8, reader.process.log_tail())
            self.assertFalse(reader.output.exists())
        self.assert_copy(self.get("b/k", "next"), new)

    def test_an_object_that_changes_is_never_mixed(self):
        self.check_no_mix(*self.change_while_read())

    def test_nor_is_it_by_an_origin_that_ignores_conditions(self):
        self.origin.heeds_conditions = False
        self.check_no_mix(*self.change_while_read())

    def test_nor_is_it_by_one_that_has_dates_only(self):
        old = self.put("k", SIZE, seed=1, etag="weak")
        self.start(bucket_flags=("--revalidate", "always"))
        self.origin.hold_after(SIZE // 2)
        reader = self.cluster.get("b/k", linger=None)
        reader.wait_for_bytes(SIZE // 4, END_SECONDS)
        new = self.put("k", SIZE, seed=2, etag="weak", modified=1_700_000_100)
        self.origin.let_through()
        self.check_no_mix(reader, old, new)

    def test_runs_of_chunks_are_one_request_each(self):
        """Of 64 chunks, read once for three readers."""
        data = self.put("k", 2 * SIZE)
        self.start()
        self.cluster.tyto("bucket", "set", "b", "origin.run=8")
        readers = [self.cluster.get("b/k", f"reader-{i}") for i in range(3)]
        for reader in readers:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, data)
        self.assertEqual(self.origin.bytes_sent("k"), len(data))
        gets = [line for line in self.origin.requests if line.startswith("GET")]
        self.assertLessEqual(len(gets), 64 // 8 + 3, gets)
        counters = self.cluster.api("/cluster")["counters"]
        self.assertEqual(counters["leases"], 64)
        self.assertLessEqual(counters["origin_requests"], 64 // 8 + 3)

    def test_runs_that_are_cut_are_gone_on_with(self):
        data = self.put("k", 2 * SIZE)
        self.start()
        self.cluster.tyto("bucket", "set", "b", "origin.run=8")
        self.origin.cut = 6
        self.assert_copy(self.get("b/k"), data)
        self.assertEqual(self.origin.cut, 0)

    def test_an_origin_without_ranges_is_read_whole(self):
        data = self.put("k", SIZE)
        self.origin.has_ranges = False
        self.start()
        self.assert_copy(self.get("b/k"), data)

    def test_nothing_is_read_that_nothing_pins(self):
        self.put("k", SIZE, etag=None, modified=None)
        self.start()
        self.get_fails("b/k", 1, "ETag")
        self.assertEqual(self.origin.bytes_sent("k"), 0)


if __name__ == "__main__":
    unittest.main()
