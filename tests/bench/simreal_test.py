"""What the kit of `tools/bench simreal` computes, and what it refuses: nothing is run."""

import contextlib
import io
import pathlib
import sys
import tomllib
import types
import unittest

BENCH = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(BENCH.parents[1] / "tools"), str(BENCH)]

# pylint: disable=wrong-import-position
from simreal import comparing, fitting, options, simulated
from simreal.cases import BY_NAME, CASES

SIZE = 32 << 20
CALIBRATION = simulated.Calibration(goodput_share=0.5, latency_ms=20, start_ms=100)


def scenario(name, goodput_mbit=48.0):
    case = BY_NAME[name]
    return tomllib.loads(simulated.scenario(case, case.plan(SIZE, 50), goodput_mbit, CALIBRATION))


class CasesTest(unittest.TestCase):
    def test_about_half_of_them_are_fitted_to(self):
        fitted = sum(case.is_calibration for case in CASES)
        self.assertLessEqual(abs(2 * fitted - len(CASES)), 1)

    def test_the_plan_of_a_killed_source_waits_for_the_others_only(self):
        plan = BY_NAME["source_killed"].plan(SIZE, 50)
        self.assertEqual(plan.survivors, list(range(1, 8)))
        self.assertGreater(plan.kill_s, 0)
        self.assertLess(plan.kill_s, SIZE * 8e-6 / 50)
        self.assertEqual(len(BY_NAME["readers_8"].plan(SIZE, 50).survivors), 8)


class ScenarioTest(unittest.TestCase):
    def test_links_are_what_many_streams_bring_on_them(self):
        document = scenario("two_racks")
        rate = f"{48_000_000 // 2 // 8} B/s"
        self.assertEqual(document["superpeers"]["up"], rate)
        self.assertEqual(document["origin"]["rate"], rate)
        self.assertEqual(document["racks"], {"count": 2, "up": rate, "down": rate})
        self.assertEqual([group["count"] for group in document["readers"]], [8])

    def test_one_slow_reader_is_a_group_of_its_own(self):
        fast, slow = scenario("one_slow")["readers"]
        self.assertEqual((fast["count"], slow["count"], slow["slow"]), (7, 1, True))
        self.assertEqual(slow["up"], f"{48_000_000 // 4 // 2 // 8} B/s")

    def test_readers_come_when_those_of_the_real_run_do(self):
        plan = BY_NAME["staggered_8"].plan(SIZE, 50)
        [reads] = scenario("staggered_8")["reads"]
        self.assertEqual(reads["arrival"], "each")
        self.assertEqual(reads["gap"], f"{round(1e6 * (plan.start_s(1) - plan.start_s(0)))} us")

    def test_the_source_dies_for_good(self):
        [fault] = scenario("source_killed")["faults"]
        self.assertEqual((fault["kind"], fault["lasts"]), ("peer_crash", "forever"))


class ComparingTest(unittest.TestCase):
    def test_percentiles_are_by_nearest_rank(self):
        self.assertEqual(comparing.percentile([4, 1, 3, 2], 50), 2)
        self.assertEqual(comparing.percentile([4, 1, 3, 2], 99), 4)

    def test_the_worst_errors_are_told_apart_by_what_was_fitted_to(self):
        def case(name, real, simulated_s):
            run = types.SimpleNamespace(seconds=[real], origin_bytes=SIZE, cpu_busy=0.1)
            simulated_figures = {"sim_p50": simulated_s, "sim_p99": simulated_s,
                                 "sim_amplification": 1.0}
            return comparing.compared(BY_NAME[name], comparing.real_figures([run], SIZE),
                                      simulated_figures)

        cases = [case("readers_2", 10.0, 8.0), case("readers_8", 10.0, 10.5)]
        worst = comparing.worst(cases)
        self.assertAlmostEqual(worst["error_p50_max"], 0.2)
        self.assertAlmostEqual(worst["error_p99_max_held_out"], 0.05)
        self.assertEqual(len(comparing.table(cases)), 3)


class FittingTest(unittest.TestCase):
    def test_finds_the_least_error_within_its_bounds(self):
        def error_of(calibration):
            return ((calibration.goodput_share - 0.93) ** 2 + (calibration.latency_ms - 30) ** 2 +
                    (calibration.start_ms - 5000) ** 2)

        found = fitting.fit(error_of)
        self.assertAlmostEqual(found.goodput_share, 0.93)
        self.assertAlmostEqual(found.latency_ms, 30)
        self.assertEqual(found.start_ms, 500)


class OptionsTest(unittest.TestCase):
    def refused(self, *arguments):
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as ended:
            options.parse(arguments)
        self.assertEqual(ended.exception.code, 2)
        return said.getvalue()

    def test_wrong_values_are_refused_with_what_is_right(self):
        self.assertIn("there is no case 'x'; there are readers_2", self.refused("--cases", "x"))
        self.assertIn("1 to 100", self.refused("--runs", "0"))
        self.assertIn("4 to 100000", self.refused("--rate-mbit", "1"))
        self.assertIn("is not a file", self.refused("--real", "/nonexistent/file"))
        self.assertIn("needs cases to fit to", self.refused("--calibrate", "--cases", "readers_8"))


if __name__ == "__main__":
    unittest.main()
