"""tools/bench versus."""

import datetime
import json
import os
import pathlib
import secrets
import signal
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(TREE / "tools"), str(TREE / "tests" / "bench")]

# pylint: disable=wrong-import-position
from versus import limit, machine, plot, report
from versus.building import built
from versus.content import Content
from versus.janitor import Janitor
from versus.measuring import measure
from versus.network import Forbidden, of_plan
from versus.plan import parse
from versus.program import close_in_children
from versus.systems import BY_NAME
from versus.systems.system import Failed

_FAILED, _FORBIDDEN = 1, 3
_TARGETS = ("tyto", "tyto-superpeer", "tyto-tracker", "libtorrent_node",
            "tree_node")


def main():
    plan = parse(sys.argv[1:])
    for which in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(which, lambda number, _: sys.exit(128 + number))
    build = plan.build or built("versus", _TARGETS)
    prefix = f"tyto{os.getpid()}-{secrets.token_hex(2)}-"
    folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=plan.work_dir))
    janitor = Janitor(prefix, folder)
    close_in_children(janitor.descriptor)
    try:
        return _measure_all(plan, build.absolute(), prefix, folder)
    except Forbidden as error:
        return _say(f"this machine forbids what is needed: {error}. Run it as root, with "
                    f"CAP_NET_ADMIN and CAP_SYS_ADMIN, and a kernel that has them", _FORBIDDEN)
    except Failed as error:
        return _say(str(error), _FAILED)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        janitor.clean()


def _measure_all(plan, build, prefix, folder):
    network = of_plan(plan, prefix)
    content = Content(folder / "content", plan.size, plan.seed)
    goodput = limit.measure_goodput_mbit(network) if plan.is_shaped else None
    limits = limit.of_readers(plan, goodput)
    if limits:
        print(f"one TCP stream: {goodput:.2f} Mbit/s; fluid limit {max(limits):.2f} s", flush=True)
    results = _rounds(plan, network, content, build, folder)
    figures = report.summary(plan, results, goodput, limits)
    print("", *report.table(plan, figures), sep="\n")
    void = report.void_sentence(figures)
    if void:
        print(void)
    if plan.json:
        _keep(plan, build, figures)
    return 0


def _rounds(plan, network, content, build, folder):
    """All systems and variants in turn, in every second round from the last to the first."""
    entries = [(name, label) for name in plan.systems for label in BY_NAME[name].variants]
    results = {name: {label: [] for label in BY_NAME[name].variants} for name in plan.systems}
    for number in range(plan.runs):
        for name, label in entries if number % 2 == 0 else reversed(entries):
            run = measure(BY_NAME[name], BY_NAME[name].variants[label], network, plan, content,
                          build, folder / "-".join([f"run{number + 1}", name, *label.split()]))
            results[name][label].append(run)
            title = f"{name} ({label})" if label else name
            print(f"run {number + 1}/{plan.runs}  {title}: last reader after "
                  f"{max(run.seconds):.2f} s, processors {run.cpu_busy:.0%} busy", flush=True)
    return results


def _keep(plan, build, figures):
    now = datetime.datetime.now(datetime.timezone.utc)
    whole = {
        **figures, "plan": plan.as_json(),
        "command": " ".join(["tools/bench", "versus", *sys.argv[1:]]),
        "date": now.isoformat(timespec="seconds"), "machine": machine.describe(),
        "versions": machine.versions(build / "peer" / "cli" / "tyto",
                                     build / "tests" / "bench" / "libtorrent_node"),
    }
    plan.json.write_text(json.dumps(whole, indent=1) + "\n")
    plots = plot.draw(plan, figures, plan.json)
    print(f"kept {', '.join(str(path) for path in (plan.json, *plots))}")


def _say(text, code):
    print(f"tools/bench versus: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
