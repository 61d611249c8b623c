"""Completion curves of all systems, as SVG and PNG: gnuplot."""

import pathlib
import shutil
import subprocess
import tempfile

_TERMINALS = (("svg", 'svg size 960,560 dynamic background rgb "white" font "sans,14"'),
              ("png", 'pngcairo size 1280,747 font "sans,14"'))
_COLOURS = {"tyto": "#0b6e4f", "libtorrent": "#c8553d", "tree": "#5b5fc7", "cache": "#d19a1b",
            "direct": "#7a7a7a"}
# Where the slowest takes more than so many times the fastest, seconds are drawn logarithmically.
_LINEAR_RATIO_MAX = 4


def draw(plan, figures, json_path):
    """Writes the plots beside `json_path`; returns their paths."""
    if not shutil.which("gnuplot"):
        print("no plots: gnuplot is not installed; run tools/deps")
        return []
    paths = []
    with tempfile.TemporaryDirectory() as folder:
        curves = _write_curves(figures, pathlib.Path(folder))
        for suffix, terminal in _TERMINALS:
            path = json_path.with_suffix("." + suffix)
            script = [f"set terminal {terminal}", f'set output "{path}"',
                      *_setting(plan, figures), _plot(curves, figures["limit_seconds"])]
            subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)
            paths.append(path)
    return paths


def _write_curves(figures, folder):
    """(system, file of its steps, label) of each, the first to end first."""
    curves = []
    ordered = sorted(figures["systems"].items(), key=lambda item: item[1]["max_s"])
    for name, system in ordered:
        seconds = sorted(system["seconds"])
        steps = [(seconds[0], 0.0)]
        steps += [(took, 100 * (rank + 1) / len(seconds)) for rank, took in enumerate(seconds)]
        path = folder / f"{name}.dat"
        path.write_text("".join(f"{x} {y}\n" for x, y in steps))
        curves.append((name, path, f"{name}: {system['max_s']:.1f} s"))
    return curves


def _setting(plan, figures):
    """Axes, title and the limit's line."""
    seconds = [took for system in figures["systems"].values() for took in system["seconds"]]
    limit = figures["limit_seconds"]
    low, high = min(seconds + ([limit] if limit else [])), max(seconds)
    lines = [f'set title "{_title(plan, figures)}"',
             'set ylabel "readers that have the whole file"', "set yrange [0:104]",
             'set format y "%.0f %%"', "set grid lc rgb '#dddddd'", "set border 3",
             "set tics nomirror", "set key outside right top Left reverse spacing 1.3"]
    if high > low * _LINEAR_RATIO_MAX:
        tics = [digit * 10**power for power in range(-3, 5) for digit in (1, 2, 3, 5)]
        shown = ", ".join(f"{tic:g}" for tic in tics)
        lines += ["set logscale x", f"set xtics ({shown})",
                  f"set xrange [{low * 0.8}:{high * 1.15}]",
                  'set xlabel "seconds since the reader began (logarithmic)"']
    else:
        lines += [f"set xrange [0:{high * 1.05}]", 'set xlabel "seconds since the reader began"']
    if limit:
        lines.append(f"set arrow from {limit},0 to {limit},104 nohead dt 2 lw 2 lc rgb 'black'")
    return lines


def _title(plan, figures):
    links = f"{plan.rate_mbit:g} Mbit/s" if plan.is_shaped else "unshaped links"
    title = f"{plan.readers} readers, {plan.size / (1 << 20):.4g} MiB, {links}"
    if plan.racks:
        title += f", {plan.racks} racks"
        title += f" behind {plan.rack_mbit:g} Mbit/s" if plan.rack_mbit else ""
    if plan.slow_share:
        title += f", {plan.slow_share:.0%} at a quarter of the rate"
    if plan.stagger_s:
        title += f", arriving over {plan.stagger_s:g} s"
    return title + ("\\nVOID: processor over 80 % busy" if figures["void"] else "")


def _plot(curves, limit):
    parts = [f'"{path}" with steps lw 3 lc rgb "{_COLOURS[name]}" title "{label}"'
             for name, path, label in curves]
    if limit:
        parts.append(f'NaN with lines dt 2 lw 2 lc rgb "black" title "fluid limit: {limit:.1f} s"')
    return "plot " + ", ".join(parts)
