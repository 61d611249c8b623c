"""Completion curves of all systems, as SVG and PNG: gnuplot."""

import shutil
import subprocess
import tempfile
import pathlib

_TERMINALS = (("svg", 'svg size 900,560 dynamic background rgb "white" font "sans,14"'),
              ("png", 'pngcairo size 1200,750 font "sans,14"'))
_COLOURS = {"tyto": "#0b6e4f", "libtorrent": "#c8553d", "tree": "#5b5fc7", "cache": "#d19a1b",
            "direct": "#7a7a7a"}


def draw(plan, figures, json_path):
    """Writes the plots beside `json_path`; returns their paths."""
    if not shutil.which("gnuplot"):
        print("no plots: gnuplot is not installed; run tools/deps")
        return []
    paths = []
    with tempfile.TemporaryDirectory() as folder:
        curves = _curves(figures, pathlib.Path(folder))
        for suffix, terminal in _TERMINALS:
            path = json_path.with_suffix("." + suffix)
            script = _script(plan, figures, curves, terminal, path)
            subprocess.run(["gnuplot"], input=script, text=True, check=True)
            paths.append(path)
    return paths


def _curves(figures, folder):
    """(name, file of its steps) of each system, the first to end first."""
    curves = []
    ordered = sorted(figures["systems"].items(), key=lambda item: item[1]["max_s"])
    for name, system in ordered:
        seconds = sorted(system["seconds"])
        steps = [(0, 0.0)]
        steps += [(took, (rank + 1) / len(seconds)) for rank, took in enumerate(seconds)]
        path = folder / f"{name}.dat"
        path.write_text("".join(f"{x} {y}\n" for x, y in steps))
        curves.append((name, path, f"{name}: {system['max_s']:.1f} s"))
    return curves


def _script(plan, figures, curves, terminal, path):
    longest = max(system["max_s"] for system in figures["systems"].values())
    links = f"{plan.rate_mbit:g} Mbit/s" if plan.is_shaped else "unshaped links"
    title = f"{plan.readers} readers, {plan.size / (1 << 20):g} MiB, {links}"
    if plan.racks:
        title += f", {plan.racks} racks"
        title += f" behind {plan.rack_mbit:g} Mbit/s" if plan.rack_mbit else ""
    if figures["void"]:
        title += "  (VOID: processor over 80 % busy)"
    lines = [
        f"set terminal {terminal}", f'set output "{path}"', f'set title "{title}"',
        'set xlabel "seconds since the reader\'s start (logarithmic)"',
        'set ylabel "readers that have the whole file"', "set logscale x",
        "set yrange [0:104]", 'set format y "%.0f %%"', "set grid lc rgb '#dddddd'",
        "set key outside right top Left reverse", "set border 3", "set tics nomirror",
    ]
    limit = figures["limit_seconds"]
    if limit:
        lines += [f"set arrow from {limit},0 to {limit},104 nohead dt 2 lw 2 lc rgb 'black'"]
    return "\n".join([*lines, _plot_line(curves, limit, longest), ""])


def _plot_line(curves, limit, longest):
    parts = [f'"{path}" using 1:($2*100) with steps lw 3 lc rgb "{_COLOURS[name]}" '
             f'title "{label}"' for name, path, label in curves]
    if limit:
        parts.append(f'1/0 with lines dt 2 lw 2 lc rgb "black" title "fluid limit: {limit:.1f} s"')
    return "plot " + ", ".join(parts)
