"""Objects that were published: their content is known before the first byte arrives."""

from cluster_case import END_SECONDS, MIB, ClusterCase, make_bytes, unittest

SIZE = 4 * MIB


class PublishTest(ClusterCase):

    def setUp(self):
        super().setUp()
        self.start()
        self.data = make_bytes(SIZE)
        self.file = self.cluster.folder / "local.bin"
        self.file.write_bytes(self.data)

    def publish(self, source, key):
        done = self.cluster.tyto("publish", source, f"b/{key}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.cluster.object("b", key)

    def test_what_was_published_is_read_from_the_origin(self):
        self.origin.put("k", self.data)
        shown = self.publish(self.file, "k")
        self.assertTrue(shown["is_published"])
        self.assertEqual(shown["roots_known"], shown["chunks"])
        reader = self.get("b/k")
        self.assert_copy(reader, self.data)
        self.assertEqual(reader.summary["version"], shown["version"])

    def test_an_origin_that_has_other_content_is_never_believed(self):
        self.origin.put("k", make_bytes(SIZE, seed=9))
        self.publish(self.file, "k")
        reader = self.cluster.get("b/k", linger=None)
        code = reader.process.wait(END_SECONDS)
        self.assertIn(code, (5, 6, 8), reader.process.log_tail())
        self.assertFalse(reader.output.exists())
        self.assertNotEqual(reader.process.log().strip(), "")

    def test_a_url_is_published_with_its_pin_and_reads_fail_once_it_changed(self):
        self.origin.put("k", self.data)
        self.publish(self.origin.url + "k", "k")
        self.origin.put("k", make_bytes(SIZE, seed=9))
        reader = self.cluster.get("b/k", linger=None)
        code = reader.process.wait(END_SECONDS)
        self.assertEqual(code, 8, reader.process.log_tail())
        self.assertFalse(reader.output.exists())

    def test_a_published_object_outlives_a_killed_tracker(self):
        self.origin.put("k", self.data)
        shown = self.publish(self.file, "k")
        self.cluster.tracker.process.kill()
        self.cluster.restart_tracker()
        self.assertEqual(self.cluster.object("b", "k")["version"], shown["version"])
        self.assert_copy(self.get("b/k"), self.data)

    def test_a_version_that_was_asked_for_is_the_one_that_comes(self):
        self.origin.put("k", self.data)
        version = self.publish(self.file, "k")["version"]
        self.assert_copy(self.get("b/k", flags=("--object-version", version)), self.data)
        self.get_fails("b/k", 3, name="other", flags=("--object-version", "1" * 64))
        for wrong in ("0" * 64, "xyz", version[:-1]):
            self.get_fails("b/k", 2, wrong, name="wrong", flags=("--object-version", wrong))


if __name__ == "__main__":
    unittest.main()
