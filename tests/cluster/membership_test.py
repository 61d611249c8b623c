"""Trackers that share a catalog on PostgreSQL find one another there, without a list."""

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest, until
from cluster import web  # pylint: disable=wrong-import-order
from cluster.postgres import Postgres  # pylint: disable=wrong-import-order

SIZE = 8 * MIB


class MembershipTest(ClusterCase):

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.close)

    def setUp(self):
        super().setUp()
        self.database = self.id().rpartition(".")[2][:60]
        self.assertTrue(self.postgres.sql(f"CREATE DATABASE {self.database}"))
        self.uri = self.postgres.uri(self.database)

    def start_trackers(self, count):
        self.cluster.start_trackers(count, "--cluster-lease", "2s", "--catalog-timeout", "1s",
                                    catalog=self.uri)

    def picture(self, i):
        return web.get_json(self.cluster.trackers[i].http, "/api/v1/cluster")["cluster"]

    def resets(self):
        return [link["resets"] for i in range(len(self.cluster.trackers))
                for link in self.picture(i)["links"]]

    def await_failing(self, is_failing):
        until(lambda: all(self.picture(i)["is_membership_failing"] == is_failing
                          for i in range(len(self.cluster.trackers))), END_SECONDS,
              lambda: f"the trackers see that the members can be read, or not ({is_failing})")

    def read_at_each(self, key, data):
        readers = []
        for i, tracker in enumerate(self.cluster.trackers):
            self.cluster.tracker = tracker
            readers.append(self.cluster.get(f"b/{key}", f"{key}-reader-{i}"))
        for reader in readers:
            reader.wait_done(END_SECONDS)
            self.assert_copy(reader, data)

    def test_they_find_one_another_and_who_is_killed_is_no_member_until_it_is_back(self):
        self.start_trackers(3)
        self.assertEqual([self.picture(i)["membership"] for i in range(3)], ["catalog"] * 3)
        self.cluster.trackers[2].process.kill()
        self.cluster.await_members((0, 1), 2)
        # It gave up no row; that ends with its term, and then nobody knocks there any more.
        for i in (0, 1):
            log = self.cluster.trackers[i].process.log
            until(lambda log=log: "others=1" in log().rpartition("trackers found")[2], END_SECONDS,
                  "the killed tracker's lease has run out")
        self.cluster.trackers[2] = self.cluster.start_member(2)
        self.cluster.await_members((0, 1, 2), 3)

    def test_one_that_ends_gives_up_its_row_at_once(self):
        self.start_trackers(2)
        self.assertEqual(self.cluster.trackers[1].process.stop(END_SECONDS), 0)
        self.assertTrue(self.postgres.sql("DO $$ BEGIN ASSERT 1 = "
                                          "(SELECT count(*) FROM tyto.members); END $$",
                                          self.database))
        self.cluster.await_members((0,), 1)

    def test_an_outage_of_the_database_costs_no_link_and_no_download(self):
        self.start_trackers(3)
        self.cluster.tracker = self.cluster.trackers[0]
        self.cluster.start_superpeer()
        self.cluster.create_bucket("b", self.origin.url)
        before, meanwhile = self.put("before", SIZE), self.put("meanwhile", SIZE, seed=2)
        self.read_at_each("before", before)
        self.assertEqual(self.resets(), [0] * 6)
        self.postgres.kill()
        self.await_failing(True)
        self.read_at_each("meanwhile", meanwhile)
        self.postgres.start()
        self.await_failing(False)
        self.assertEqual(self.resets(), [0] * 6)
        self.assertEqual([self.cluster.members(i) for i in range(3)], [3] * 3)
        for key in ("before", "meanwhile"):
            self.assertLessEqual(self.origin.bytes_sent(key), SIZE * 1.02)
        self.cluster.tracker_addresses.append(self.cluster.tracker_addresses[0])
        self.cluster.trackers.append(self.cluster.start_member(3))
        self.cluster.await_members(range(4), 4)

    def test_two_with_one_name_hear_of_it(self):
        self.start_trackers(1)
        second = self.cluster.start_tracker("--cluster-id", "t0", name="second",
                                            catalog=self.uri)
        until(lambda: "give each" in self.cluster.trackers[0].process.log()
              + second.process.log(), END_SECONDS, "one of them says so")


class MembershipSettingsTest(ClusterCase):

    def refuses(self, *flags, words):
        done = self.cluster.start("refused", [self.cluster.programs.tracker, *flags])
        self.assertEqual(done.wait(END_SECONDS), 2, done.log())
        for word in words:
            self.assertIn(word, done.log())

    def test_what_cannot_be_is_refused(self):
        postgres = ("--catalog", "postgres://nobody@nowhere.invalid/none")
        sqlite = ("--catalog", f"sqlite:{self.cluster.folder / 'c.sqlite'}")
        self.refuses(*postgres, words=("cluster.advertise", 'cluster.membership to "alone"'))
        self.refuses(*sqlite, "--cluster-membership", "catalog",
                     words=("needs a catalog that trackers share", "postgres://"))
        self.refuses(*sqlite, "--cluster-membership", "list", words=("names no tracker",))
        self.refuses(*postgres, "--cluster-membership", "alone", "--cluster-members", "h:7400",
                     words=("leave out one of the two",))
        self.refuses("--cluster-membership", "any", words=("--cluster-membership", '"catalog"'))


if __name__ == "__main__":
    unittest.main()
