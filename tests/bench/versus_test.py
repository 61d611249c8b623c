"""What the kit of `tools/bench versus` computes, and what it refuses: no network is made."""

import pathlib
import subprocess
import sys
import types
import unittest

BENCH = pathlib.Path(__file__).resolve().parent
TREE = BENCH.parents[1]
sys.path[:0] = [str(TREE / "tools"), str(BENCH)]

# pylint: disable=wrong-import-position
from versus import limit, report
from versus.measuring import Run, check_copies
from versus.plan import Plan
from versus.systems.system import Failed
from versus.systems.tree import parents

SIZE = 1_000_000


def plan(**how):
    return Plan(**{"readers": 4, "rate_mbit": 8.0, "size": SIZE, "systems": ("tyto",), **how})


def run(seconds, **how):
    return Run(**{"seconds": seconds, "cpu_busy": 0.5, "span_s": max(seconds), "cpu_s": 2.0,
                  "origin_bytes": SIZE, "rack_bytes": [], **how})


class PlanTest(unittest.TestCase):
    def test_slow_readers_are_spread_evenly(self):
        with_slow = plan(readers=8, slow_share=0.25)
        self.assertEqual([with_slow.is_slow(reader) for reader in range(8)],
                         [False, False, False, True] * 2)
        self.assertEqual(with_slow.reader_mbit(3), 2.0)

    def test_racks_are_filled_one_after_another(self):
        with_racks = plan(readers=5, racks=2)
        self.assertEqual([with_racks.rack_of(reader) for reader in range(5)], [0, 0, 0, 1, 1])
        self.assertIsNone(plan().rack_of(0))

    def test_staggered_readers_begin_evenly_from_first_to_last(self):
        staggered = plan(readers=5, stagger_s=10)
        self.assertEqual([staggered.start_s(reader) for reader in range(5)], [0, 2.5, 5, 7.5, 10])
        self.assertEqual(plan(readers=1, stagger_s=10).start_s(0), 0)


class LimitTest(unittest.TestCase):
    """8 Mbit/s of goodput move 10^6 bytes in one second."""

    def test_equal_readers_are_limited_by_the_origin_s_link(self):
        self.assertEqual(limit.of_readers(plan(), 8.0), [1.0] * 4)

    def test_less_goodput_than_the_link_s_rate_takes_longer(self):
        self.assertEqual(limit.of_readers(plan(), 4.0), [2.0] * 4)

    def test_a_slow_reader_is_limited_by_its_own_link_and_the_fast_ones_are_not(self):
        limits = limit.of_readers(plan(slow_share=0.25), 8.0)
        self.assertEqual(limits, [1.0, 1.0, 1.0, 4.0])

    def test_many_slow_readers_are_limited_by_all_uplinks_together(self):
        limits = limit.of_readers(plan(readers=100, slow_share=0.99, rate_mbit=8.0), 8.0)
        # 99 at 2 Mbit/s, one at 8, origin and superpeer at 8: 222 Mbit/s carry 100 copies.
        self.assertAlmostEqual(max(limits), max(4.0, 100 * 8 / 222))

    def test_a_rack_s_link_limits_its_readers(self):
        limits = limit.of_readers(plan(racks=2, rack_mbit=4.0), 8.0)
        self.assertEqual(limits, [2.0] * 4)

    def test_unshaped_links_have_no_limit(self):
        self.assertIsNone(limit.of_readers(plan(rate_mbit=0.0), None))


class TreeTest(unittest.TestCase):
    def test_no_node_has_more_than_two_children(self):
        for readers, racks in ((1, 1), (2, 1), (16, 1), (16, 4), (9, 4), (5, 5)):
            found = parents(readers, lambda reader, n=readers, k=racks: reader * k // n)
            self.assertEqual(sorted(found), list(range(readers)))
            children = list(found.values())
            self.assertLessEqual(max(children.count(node) for node in children), 2)

    def test_every_reader_hangs_from_the_root(self):
        found = parents(16, lambda reader: reader // 4)
        for reader in found:
            steps = 0
            while reader is not None:
                reader, steps = found[reader], steps + 1
            self.assertLess(steps, 16)

    def test_each_rack_is_entered_once(self):
        found = parents(16, lambda reader: reader // 4)
        entries = [reader // 4 for reader, parent in found.items()
                   if parent is None or parent // 4 != reader // 4]
        self.assertEqual(sorted(entries), [0, 1, 2, 3])


class ReportTest(unittest.TestCase):
    def summary(self, runs, how=None, limits=None):
        results = {"tyto": {"": runs}}
        return report.summary(how or plan(), results, 8.0, limits or [1.0] * 4)

    def test_figures_are_medians_over_the_runs(self):
        tyto = self.summary([run([1, 1, 1, 4]), run([1, 2, 2, 2]), run([2, 3, 3, 3])]
                            )["systems"]["tyto"]
        self.assertEqual((tyto["p50_s"], tyto["p99_s"], tyto["max_s"]), (2, 3, 3))
        self.assertEqual(tyto["stretch_max"], 3)
        self.assertEqual(tyto["seconds"], [2, 3, 3, 3])

    def test_each_reader_is_held_against_its_own_limit(self):
        tyto = self.summary([run([2, 2, 2, 4])], plan(slow_share=0.25), [1.0, 1.0, 1.0, 4.0]
                            )["systems"]["tyto"]
        self.assertEqual(tyto["stretch_max"], 2)
        self.assertEqual(tyto["fast"]["stretch_max"], 2)
        self.assertEqual(tyto["slow"]["stretch_max"], 1)

    def test_cpu_is_per_gigabyte_delivered_to_all_readers(self):
        tyto = self.summary([run([1] * 4)])["systems"]["tyto"]
        self.assertAlmostEqual(tyto["cpu_s_per_gb"], 2.0 / (4 * SIZE / 1e9))

    def test_the_best_variant_counts_and_all_are_kept(self):
        results = {"libtorrent": {"a": [run([3] * 4)], "b": [run([2] * 4)]}}
        found = report.summary(plan(), results, 8.0, [1.0] * 4)["systems"]["libtorrent"]
        self.assertEqual((found["variant"], found["max_s"]), ("b", 2))
        self.assertEqual(found["variants"]["a"]["max_s"], 3)

    def test_a_busy_processor_voids_a_run_on_shaped_links_only(self):
        busy = [run([1] * 4, cpu_busy=0.81)]
        shaped = self.summary(busy)
        self.assertTrue(shaped["void"] and shaped["systems"]["tyto"]["void"])
        self.assertIn("tyto", report.void_sentence(shaped))
        self.assertIn("VOID", "\n".join(report.table(plan(), shaped)))
        unshaped = report.summary(plan(rate_mbit=0.0), {"tyto": {"": busy}}, None, None)
        self.assertFalse(unshaped["void"])
        self.assertIsNone(unshaped["systems"]["tyto"]["stretch_p50"])

    def test_copies_into_each_rack_are_counted_in_files(self):
        tyto = self.summary([run([1] * 4, rack_bytes=[SIZE, 2 * SIZE])],
                            plan(racks=2, rack_mbit=8.0))["systems"]["tyto"]
        self.assertEqual(tyto["rack_copies"], [1, 2])


class CopiesTest(unittest.TestCase):
    def test_a_wrong_or_absent_copy_is_found(self):
        content = types.SimpleNamespace(sha256="00" * 32)
        for path in (pathlib.Path(__file__), pathlib.Path(__file__).with_suffix(".absent")):
            system = types.SimpleNamespace(name="liar", copy_path=lambda reader, path=path: path)
            with self.assertRaisesRegex(Failed, "liar: the copy of reader0 is wrong"):
                check_copies(system, plan(), content)


class UsageTest(unittest.TestCase):
    def test_senseless_arguments_are_refused_with_what_is_wrong(self):
        for arguments, words in (
                (["--readers", "0"], "--readers must be"),
                (["--rate-mbit", "-1"], "--rate-mbit must be"),
                (["--size-mib", "0"], "--size-mib must be"),
                (["--systems", "tyto,carrier-pigeon"], "no system 'carrier-pigeon'"),
                (["--systems", "tyto,tyto"], "twice"),
                (["--racks", "9", "--readers", "2"], "--racks must be"),
                (["--rack-mbit", "5"], "nothing without --racks"),
                (["--racks", "2", "--rack-mbit", "5", "--rate-mbit", "0"], "shaped links"),
                (["--slow-share", "1"], "--slow-share must be"),
                (["--slow-share", "0.5", "--rate-mbit", "0"], "shaped links"),
                (["--stagger-s", "-1"], "--stagger-s must be"),
                (["--runs", "0"], "--runs must be"),
                (["--json", "/nowhere/x.json"], "does not exist"),
                (["--surprise"], "--surprise")):
            ran = subprocess.run([TREE / "tools" / "bench", "versus", *arguments],
                                 capture_output=True, text=True, check=False)
            self.assertEqual(ran.returncode, 2, arguments)
            self.assertIn(words, ran.stderr)


if __name__ == "__main__":
    unittest.main()
