"""A catalog on PostgreSQL: it goes, hangs and comes back, and trackers share it."""

import json
import signal
import subprocess
import time

from cluster_case import END_SECONDS, MIB, ClusterCase, make_bytes, unittest, until
from cluster.postgres import Postgres  # pylint: disable=wrong-import-order

SIZE = 2 * MIB
# Longer than any refusal may take: a few times catalog.timeout, which is 1 s here.
REFUSED_SECONDS = 30


class CatalogTest(ClusterCase):

    def setUp(self):
        super().setUp()
        self.postgres = Postgres()
        self.addCleanup(self.postgres.close)
        self.cluster.start_tracker("--catalog-timeout", "1s", catalog=self.postgres.uri())
        self.cluster.start_superpeer()
        self.cluster.create_bucket("b", self.origin.url)
        self.data = make_bytes(SIZE)
        self.file = self.cluster.folder / "local.bin"
        self.file.write_bytes(self.data)

    def publish(self, key):
        self.origin.put(key, self.data)
        return self.cluster.tyto("publish", self.file, f"b/{key}")

    def refuses(self, done, *words):
        self.assertEqual(done.returncode, 5, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def publishes_again(self, key):
        until(lambda: self.publish(key).returncode == 0, END_SECONDS, lambda: f"{key} is published")

    def test_killed_it_stops_publishing_and_nothing_else_until_it_is_back(self):
        self.put("read.bin", SIZE, seed=3)
        self.postgres.kill()
        begun = time.monotonic()
        self.refuses(self.publish("k"), "PostgreSQL at", "start the PostgreSQL server")
        self.refuses(self.cluster.tyto("bucket", "create", "c"), "PostgreSQL at")
        self.assertLess(time.monotonic() - begun, REFUSED_SECONDS)
        self.assert_copy(self.get("b/read.bin"), make_bytes(SIZE, 3))
        self.assertTrue(self.cluster.api("/cluster")["catalog"]["is_failing"])
        self.postgres.start()
        self.publishes_again("k")
        until(lambda: not self.cluster.api("/cluster")["catalog"]["is_failing"], END_SECONDS,
              lambda: "the tracker has its catalog again")
        self.assert_copy(self.get("b/k", "second"), self.data)

    def test_frozen_it_is_given_up_within_a_bounded_time(self):
        self.put("read.bin", SIZE, seed=3)
        self.postgres.signal(signal.SIGSTOP)
        begun = time.monotonic()
        self.refuses(self.publish("k"), "no answer within 1000 ms")
        self.assertLess(time.monotonic() - begun, REFUSED_SECONDS)
        self.assert_copy(self.get("b/read.bin"), make_bytes(SIZE, 3))
        self.postgres.signal(signal.SIGCONT)
        self.publishes_again("k")

    def test_what_one_tracker_publishes_another_knows_and_so_after_a_restart(self):
        first = self.cluster.tracker
        self.assertEqual(self.publish("k").returncode, 0)
        version = self.cluster.object("b", "k")["version"]
        second = self.cluster.start_tracker(name="second", catalog=self.postgres.uri())
        self.assertEqual(self.cluster.object("b", "k")["version"], version)
        self.cluster.tracker = first
        self.assertEqual(self.publish("later").returncode, 0)
        self.cluster.tracker = second
        until(lambda: self.knows("later"), END_SECONDS, lambda: "the second tracker hears of it")
        self.assertNotEqual(self.epoch_of(first), self.epoch_of(second))

    def test_of_two_that_publish_one_name_at_once_one_wins_and_the_other_hears_why(self):
        patient = ("--catalog-timeout", "60s")
        trackers = [self.cluster.start_tracker(*patient, name=f"publishing-{i}",
                                               catalog=self.postgres.uri()) for i in range(2)]
        files = []
        for i in range(2):
            files.append(self.cluster.folder / f"file-{i}")
            files[i].write_bytes(make_bytes(SIZE, seed=10 + i))
        # Both changes have begun, and neither is made, while a third party is in the way.
        with self.postgres.hold("SELECT serial FROM tyto.change_clock FOR UPDATE"):
            publishing = [subprocess.Popen(  # pylint: disable=consider-using-with
                [self.cluster.programs.tyto, "publish", files[i], "b/wanted", "--api",
                 f"http://{tracker.http}"], stderr=subprocess.PIPE, text=True)
                for i, tracker in enumerate(trackers)]
            until(lambda: self.postgres.waiting() == 2, END_SECONDS, "both wait for their turn")
        said = [process.communicate(timeout=END_SECONDS)[1] for process in publishing]
        self.assertEqual(sorted(process.returncode for process in publishing), [0, 8], said)
        loser = said[0] if publishing[0].returncode == 8 else said[1]
        versions = []
        for tracker in trackers:
            self.cluster.tracker = tracker
            until(lambda: self.knows("wanted"), END_SECONDS, "each tracker knows of it")
            versions.append(self.cluster.object("b", "wanted")["version"])
        self.assertEqual(versions[0], versions[1])
        self.assertIn(versions[0], loser)

    def test_a_second_tracker_on_one_sqlite_file_is_told_what_to_do(self):
        file = f"sqlite:{self.cluster.folder / 'one.sqlite'}"
        self.cluster.start_tracker(name="first-on-file", catalog=file)
        second = self.cluster.start("second-on-file", [
            self.cluster.programs.tracker, "--catalog", file, "--listen-rpc", "127.0.0.1:0",
            "--listen-http", "127.0.0.1:0"])
        self.assertEqual(second.wait(END_SECONDS), 1, second.log())
        for words in ("locked by another process", "stop that tracker", "postgres://"):
            self.assertIn(words, second.log())

    def knows(self, key):
        return any(one["key"] == key for one in self.cluster.api("/buckets/b/objects")["objects"])

    def epoch_of(self, tracker):
        self.cluster.tracker = tracker
        return self.cluster.api("/cluster")["epoch"]

    def test_it_is_copied_into_a_file_and_back(self):
        self.assertEqual(self.publish("k").returncode, 0)
        self.cluster.tracker.process.stop(END_SECONDS)
        copy, again = self.cluster.folder / "copy.jsonl", self.cluster.folder / "again.jsonl"
        local = f"sqlite:{self.cluster.folder / 'local.sqlite'}"
        for words in (("export", self.postgres.uri(), copy), ("import", local, copy),
                      ("export", local, again), ("migrate", self.postgres.uri())):
            done = self.catalog(*words)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(copy.read_bytes(), again.read_bytes())
        kinds = {next(iter(json.loads(line))) for line in copy.read_text().splitlines()}
        self.assertLessEqual({"tyto_catalog", "bucket", "policy", "version", "manifest", "name"},
                             kinds)
        refused = self.catalog("import", local, copy)
        self.assertEqual(refused.returncode, 8, refused.stderr)
        self.assertIn("--replace", refused.stderr)
        wrong = self.catalog("export", "mysql://me:hunter2@host/db")
        self.assertEqual(wrong.returncode, 2, wrong.stderr)
        self.assertNotIn("hunter2", wrong.stderr)

    def catalog(self, *words):
        return subprocess.run([self.cluster.programs.tyto, "catalog", *words], capture_output=True,
                              text=True, timeout=END_SECONDS, check=False)


if __name__ == "__main__":
    unittest.main()
