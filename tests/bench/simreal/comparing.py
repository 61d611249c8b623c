"""What came of both: figures of each case, and how far they are apart."""

import math
import statistics


def percentile(values, percent):
    """By nearest rank, as the simulator's report has it."""
    ranked = sorted(values)
    return ranked[max(1, math.ceil(len(ranked) * percent / 100)) - 1]


def real_figures(runs, size):
    """Medians over the runs of one case."""
    return {"real_p50": statistics.median(percentile(run.seconds, 50) for run in runs),
            "real_p99": statistics.median(percentile(run.seconds, 99) for run in runs),
            "real_amplification": statistics.median(run.origin_bytes / size for run in runs),
            "real_p50_runs": [percentile(run.seconds, 50) for run in runs],
            "real_p99_runs": [percentile(run.seconds, 99) for run in runs],
            "cpu_busy_max": max(run.cpu_busy for run in runs)}


def compared(case, real, simulated):
    """An element of `cases`."""
    both = {"name": case.name, "is_calibration": case.is_calibration, **real, **simulated}
    for rank in ("p50", "p99"):
        both[f"error_{rank}"] = both[f"sim_{rank}"] / both[f"real_{rank}"] - 1
    return both


def worst(cases):
    """The largest errors, of all cases and of those that nothing was fitted to."""
    held_out = [case for case in cases if not case["is_calibration"]]
    figures = {}
    for suffix, chosen in (("", cases), ("_held_out", held_out)):
        for rank in ("p50", "p99"):
            figures[f"error_{rank}_max{suffix}"] = max(
                (abs(case[f"error_{rank}"]) for case in chosen), default=None)
    return figures


def table(cases):
    head = f"{'case':<15} {'fitted':<6} {'real p50':>9} {'sim':>8} {'error':>7}  " \
           f"{'real p99':>9} {'sim':>8} {'error':>7}  {'origin':>6} {'sim':>6}"
    rows = [head]
    for case in cases:
        rows.append(
            f"{case['name']:<15} {'yes' if case['is_calibration'] else 'no':<6} "
            f"{case['real_p50']:>9.3f} {case['sim_p50']:>8.3f} {case['error_p50']:>+7.1%}  "
            f"{case['real_p99']:>9.3f} {case['sim_p99']:>8.3f} {case['error_p99']:>+7.1%}  "
            f"{case['real_amplification']:>6.3f} {case['sim_amplification']:>6.3f}")
    return rows
