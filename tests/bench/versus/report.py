"""Figures of all runs: summed up, as JSON and as a table."""

import math
import os
import statistics

BUSY_MAX = 0.80


def summary(plan, results, goodput_mbit, limits):
    """What the JSON file holds of the measurement. `results`: {system: {variant: [Run]}}."""
    systems = {name: _system(plan, variants, limits) for name, variants in results.items()}
    return {
        "limit_seconds": max(limits) if limits else None,
        "limits_seconds": limits,
        "link_goodput_mbit": goodput_mbit,
        "cpu_busy_max": max(system["cpu_busy_max"] for system in systems.values()),
        "void": any(system["void"] for system in systems.values()),
        "systems": systems,
    }


def _system(plan, variants, limits):
    """The figures of the variant whose last reader is first, and all variants beside them."""
    figures = {label: _figures(plan, runs, limits) for label, runs in variants.items()}
    best = min(figures, key=lambda label: figures[label]["max_s"])
    if len(figures) == 1:
        return figures[best]
    return {**figures[best], "variant": best, "variants": figures}


def _figures(plan, runs, limits):
    rows = [_run(plan, run, limits) for run in runs]
    median_run = sorted(rows, key=lambda row: row["max_s"])[(len(rows) - 1) // 2]
    figures = {"seconds": median_run["seconds"]}
    for name in ("p50_s", "p99_s", "max_s", "stretch_p50", "stretch_p99", "stretch_max",
                 "amplification", "origin_bytes", "cpu_s_per_gb"):
        figures[name] = _median([row[name] for row in rows])
    for name in ("rack_uplink_bytes", "rack_copies"):
        figures[name] = [_median(values) for values in zip(*(row[name] for row in rows))]
    if plan.slow_share:
        for name in ("fast", "slow"):
            figures[name] = {key: _median([row[name][key] for row in rows])
                             for key in rows[0][name]}
    figures["cpu_busy_system"] = _median([row["cpu_busy_system"] for row in rows])
    figures["cpu_busy_max"] = max(row["cpu_busy"] for row in rows)
    figures["void"] = any(row["void"] for row in rows)
    figures["runs"] = rows
    return figures


def _run(plan, run, limits):
    stretches = [took / limit for took, limit in zip(run.seconds, limits)] if limits else None
    row = {"seconds": [round(took, 4) for took in run.seconds], **_spread(run.seconds, "", "_s"),
           **_spread(stretches, "stretch_"),
           "amplification": run.origin_bytes / plan.size, "origin_bytes": run.origin_bytes,
           "rack_uplink_bytes": run.rack_bytes,
           "rack_copies": [count / plan.size for count in run.rack_bytes],
           "cpu_s": run.cpu_s, "cpu_s_per_gb": run.cpu_s / (plan.readers * plan.size / 1e9),
           "cpu_busy": run.cpu_busy,
           "cpu_busy_system": run.cpu_s / (run.span_s * os.cpu_count()),
           "void": plan.is_shaped and run.cpu_busy > BUSY_MAX}
    if plan.slow_share:
        for name, is_slow in (("fast", False), ("slow", True)):
            row[name] = _spread([stretch for reader, stretch in enumerate(stretches)
                                 if plan.is_slow(reader) == is_slow], "stretch_")
    return row


def _spread(values, before, after=""):
    """Half, 99 % (the nearest rank) and all of the readers; None when there is nothing."""
    values = sorted(values or [])
    picked = (("p50", statistics.median(values)),
              ("p99", values[math.ceil(0.99 * len(values)) - 1]),
              ("max", values[-1])) if values else (("p50", None), ("p99", None), ("max", None))
    return {before + name + after: value for name, value in picked}


def _median(values):
    return None if values[0] is None else statistics.median(values)


def table(plan, figures):
    """The lines for the terminal."""
    titles = ["SYSTEM", "P50 S", "P99 S", "MAX S", "STRETCH P50", "P99", "MAX", "AMPLIF.",
              "CPU S/GB", "BUSY"]
    if plan.racks:
        titles.append("COPIES/RACK")
    rows = [titles]
    for name, system in figures["systems"].items():
        label = f"{name} ({system['variant']})" if "variant" in system else name
        row = [label, *(f"{system[key]:.2f}" for key in ("p50_s", "p99_s", "max_s")),
               *(_number(system[f"stretch_{key}"]) for key in ("p50", "p99", "max")),
               f"{system['amplification']:.2f}", f"{system['cpu_s_per_gb']:.2f}",
               f"{system['cpu_busy_max'] * 100:.0f} %{' VOID' if system['void'] else ''}"]
        if plan.racks:
            row.append(f"{max(system['rack_copies']):.2f}")
        rows.append(row)
    return _aligned(rows)


def void_sentence(figures):
    """Why a run counts for nothing, or None."""
    names = [f"{name} ({system['cpu_busy_system']:.0%} by itself)"
             for name, system in figures["systems"].items() if system["void"]]
    if not names:
        return None
    return (f"VOID: the processor was over {BUSY_MAX:.0%} busy, so it, and not the links, was "
            f"measured with {', '.join(names)}. Use fewer readers, a lower rate, or a machine "
            f"that does nothing else.")


def _number(value):
    return "-" if value is None else f"{value:.3f}"


def _aligned(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                      for column, (cell, width) in enumerate(zip(row, widths))) for row in rows]
