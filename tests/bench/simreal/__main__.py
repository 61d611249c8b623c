"""tools/bench simreal."""

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
from simreal import comparing, fitting, options, simulated
from simreal.cases import BY_NAME
from versus import limit, machine
from versus.building import built
from versus.content import Content
from versus.janitor import Janitor
from versus.measuring import measure
from versus.network import Forbidden, of_plan
from versus.program import close_in_children
from versus.report import BUSY_MAX
from versus.systems.system import Failed
from versus.systems.tyto import Tyto

_FAILED, _FORBIDDEN = 1, 3
_TARGETS = ("tyto", "tyto-superpeer", "tyto-tracker", "tyto-sim")


def main():
    given = options.parse(sys.argv[1:])
    for which in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(which, lambda number, _: sys.exit(128 + number))
    build = (given.build or built("simreal", _TARGETS)).absolute()
    cases = [BY_NAME[name] for name in given.cases]
    with tempfile.TemporaryDirectory(prefix="tyto-simreal-") as folder:
        try:
            if given.real:
                goodput, real = _kept(given.real, cases)
            else:
                goodput, real = _measure_all(given, build, cases, pathlib.Path(folder))
            return _compare_all(given, build, cases, goodput, real, pathlib.Path(folder))
        except Forbidden as error:
            return _say(f"this machine forbids what is needed: {error}. Run it as root, with "
                        "CAP_NET_ADMIN and CAP_SYS_ADMIN, and a kernel that has them", _FORBIDDEN)
        except Failed as error:
            return _say(str(error), _FAILED)
        except KeyboardInterrupt:
            return 128 + signal.SIGINT


def _measure_all(given, build, cases, folder):
    """The goodput of a link, and the figures of each case's real runs."""
    content = Content(folder / "content", given.size, given.seed)
    goodput, runs = None, {case.name: [] for case in cases}
    for number in range(given.runs):
        for case in cases if number % 2 == 0 else reversed(cases):
            goodput, run = _measure(case, given, build, content, folder, number, goodput)
            runs[case.name].append(run)
            print(f"run {number + 1}/{given.runs}  {case.name}: last reader after "
                  f"{max(run.seconds):.2f} s, processors {run.cpu_busy:.0%} busy", flush=True)
    return goodput, {name: comparing.real_figures(of, given.size) for name, of in runs.items()}


def _measure(case, given, build, content, folder, number, goodput):
    """One real run of a case, in a network of its own."""
    prefix = f"tyto{os.getpid()}-{secrets.token_hex(2)}-"
    plan = case.plan(given.size, given.rate_mbit)
    work = folder / f"run{number}-{case.name}"
    work.mkdir()
    janitor = Janitor(prefix, work)
    close_in_children(janitor.descriptor)
    try:
        network = of_plan(plan, prefix)
        if goodput is None:
            goodput = limit.measure_goodput_mbit(network)
            print(f"one TCP stream: {goodput:.2f} Mbit/s", flush=True)
        return goodput, measure(Tyto, None, network, plan, content, build, work / "tyto")
    finally:
        janitor.clean()


def _kept(file, cases):
    """The same, from a file that an earlier call kept."""
    earlier = json.loads(file.read_text())
    real = {case["name"]: {key: value for key, value in case.items()
                           if key.startswith("real_") or key == "cpu_busy_max"}
            for case in earlier["cases"]}
    missing = [case.name for case in cases if case.name not in real]
    if missing:
        raise Failed(f"--real: {file} has no runs of {', '.join(missing)}")
    return earlier["link_goodput_mbit"], real


def _compare_all(given, build, cases, goodput, real, folder):
    def simulate(case, calibration):
        plan = case.plan(given.size, given.rate_mbit)
        return simulated.figures(build, folder, case, plan, goodput, calibration)

    def error_of(calibration):
        """The mean square of the errors of the cases to fit to."""
        errors = []
        for case in cases:
            if case.is_calibration:
                both = comparing.compared(case, real[case.name], simulate(case, calibration))
                errors += [both["error_p50"], both["error_p99"]]
        return sum(error * error for error in errors) / len(errors)

    if given.calibrate:
        calibration = fitting.fit(error_of)
        calibration.keep()
    else:
        calibration = simulated.Calibration.load()
    results = [comparing.compared(case, real[case.name], simulate(case, calibration))
               for case in cases]
    worst = comparing.worst(results)
    print("", *comparing.table(results), sep="\n")
    for name, value in worst.items():
        print(f"{name}: {'nothing to tell' if value is None else f'{value:.1%}'}")
    busy = [case["name"] for case in results if case["cpu_busy_max"] > BUSY_MAX]
    if busy:
        print(f"void, since the processor was the limit: {', '.join(busy)}")
    if given.json:
        whole = {"cases": results, **worst, "void": busy, "link_goodput_mbit": goodput,
                 "calibration": vars(calibration), "size_bytes": given.size,
                 "rate_mbit": given.rate_mbit, "runs": given.runs,
                 "command": " ".join(["tools/bench", "simreal", *sys.argv[1:]]),
                 "machine": machine.describe()}
        given.json.write_text(json.dumps(whole, indent=1) + "\n")
    return 0


def _say(text, code):
    print(f"tools/bench simreal: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
