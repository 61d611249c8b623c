"""`tools/bench all`: what it runs, and how it judges; nothing is measured."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parent
TREE = BENCH.parents[1]
sys.path[:0] = [str(BENCH)]

# pylint: disable=wrong-import-position
from suite.runs import BY_NAME, MEASUREMENTS, judged


def bench_all(*arguments):
    return subprocess.run([str(TREE / "tools" / "bench"), "all", *map(str, arguments)],
                          capture_output=True, text=True, check=False)


def rows_of(name, figures):
    return {bar.what: (value, is_reached)
            for bar, value, is_reached in judged(BY_NAME[name], figures)}


class CommandsTest(unittest.TestCase):
    def test_each_command_is_documented(self):
        text = (TREE / "docs" / "benchmarks.md").read_text()
        for each in MEASUREMENTS:
            self.assertIn(" ".join(each.command(f"docs/benchmarks/{each.name}.json")), text)

    def test_the_list_names_the_commands_and_runs_none(self):
        ran = bench_all("--list", "--only", "late,cost", "--runs", 2)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(ran.stdout.split("\n\n"), [
            "\n$ tools/bench versus --runs 2 --systems tyto --stagger-s 10 --json "
            "docs/benchmarks/late.json",
            "$ tools/bench cost --rounds 2 --json docs/benchmarks/cost.json\n"])


class JudgingTest(unittest.TestCase):
    def test_a_figure_at_its_bar_reaches_it_unless_it_must_be_below(self):
        rows = rows_of("cost", {"serve_ratio_nginx": 1.0, "receive_ratio_curl": 0.61,
                                "tiny_ms_p50": 3.0})
        self.assertEqual([is_reached for _, is_reached in rows.values()], [True, False, False])

    def test_tyto_is_held_against_the_best_of_the_others(self):
        systems = {"tyto": {"max_s": 12.0, "stretch_max": 1.1, "rack_copies": [1.0, 1.2]},
                   "libtorrent": {"max_s": 18.0}, "tree": {"max_s": 24.0}}
        rows = rows_of("racks", {"systems": systems})
        self.assertAlmostEqual(rows["last reader, over the next best system's"][0], 12 / 18)
        self.assertEqual(rows["copies into a rack, largest"], (1.2, False))

    def test_a_figure_that_was_not_measured_is_not_reached(self):
        rows = rows_of("unshaped", {"systems": {"tyto": {"cpu_s_per_gb": 1.0, "max_s": 1.0}}})
        self.assertEqual([is_reached for _, is_reached in rows.values()], [False, False])

    def test_what_is_kept_is_judged_without_a_run_and_what_is_not_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            kept = pathlib.Path(folder) / "late.json"
            kept.write_text(json.dumps({"systems": {"tyto": {"stretch_max": 1.25}}}))
            ran = bench_all("--judge", "--only", "late,slow", "--out", folder)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertRegex(ran.stdout, r"late +stretch, largest +1\.250  <= 1\.300  +reached")
        self.assertIn("slow: nothing to judge", ran.stdout)


class UsageTest(unittest.TestCase):
    def test_a_wrong_argument_is_named_with_what_was_expected(self):
        for arguments, said in ((("--only", "fast"), "no run named 'fast': expected some of flat"),
                                (("--runs", "0"), "--runs 0: expected 1 or more"),
                                (("--out", "/nowhere/at/all"), "is no folder; make it first")):
            ran = bench_all(*arguments)
            self.assertEqual(ran.returncode, 2)
            self.assertIn(said, ran.stderr)


if __name__ == "__main__":
    unittest.main()
