"""Trackers and peers of two regions, as real processes: what crosses between them, and how fast."""

import time

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest

from cluster import web

SIZE = 8 * MIB
CHUNK = 256 * 1024
RATE = 2_000_000  # selection.rate_between_regions
BURST_SECONDS = 0.25  # what was not used before may come at once


class Regions(ClusterCase):

    def crossed(self):
        """What all trackers have counted."""
        answers = [web.get_json(tracker.http, "/api/v1/cluster")
                   for tracker in self.cluster.trackers]
        return sum(one.get("counters", one)["bytes_between_regions"] for one in answers)

    def start_regions(self, trackers):
        """The superpeer is in the first region."""
        self.cluster.start_trackers(trackers, regions=("east", "west"))
        self.cluster.create_bucket_at_each("b", self.origin.url)
        self.cluster.start_superpeer(location="east/z/s/s")
        self.data = self.put("k", SIZE)

    def start_readers(self, count):
        """Half of them in each region, each in a rack of its own."""
        return [self.cluster.get("b/k", f"reader-{i}",
                                 location=f"{('east', 'west')[i % 2]}/z/k{i}/h{i}")
                for i in range(count)]

    def check_all_have_it(self, readers):
        for reader in readers:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, self.data)
        self.assertLessEqual(self.origin.bytes_sent("k"), SIZE * 1.02)
        self.assertGreaterEqual(self.crossed(), SIZE)
        self.assertLessEqual(self.crossed(), SIZE * 1.05)

    def test_an_object_crosses_once_between_the_regions_of_three_trackers(self):
        self.start_regions(3)
        self.check_all_have_it(self.start_readers(6))

    def test_an_object_crosses_once_between_the_regions_of_four_trackers(self):
        self.start_regions(4)
        self.check_all_have_it(self.start_readers(8))

    def test_a_limit_is_kept_by_the_two_trackers_of_a_region_together(self):
        self.start_regions(4)
        first = self.cluster.tracker
        for self.cluster.tracker in self.cluster.trackers:
            done = self.cluster.tyto("bucket", "set", "b",
                                     "selection.rate_between_regions=2MB/s")
            self.assertEqual(done.returncode, 0, done.stderr)
        self.cluster.tracker = first
        start = time.monotonic()

        def check_rate():
            crossed = self.crossed()
            span = time.monotonic() - start + BURST_SECONDS
            self.assertLessEqual(crossed, RATE * span + 2 * CHUNK)

        readers = self.start_readers(8)
        for reader in readers:
            while reader.summary is None:
                reader.process.check_alive()
                check_rate()
                time.sleep(0.2)
        check_rate()
        self.check_all_have_it(readers)


if __name__ == "__main__":
    unittest.main()
