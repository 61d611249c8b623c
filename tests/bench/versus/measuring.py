"""One system once: started, released, timed, checked, cleared away."""

import dataclasses
import shutil
import signal
import time

from cluster import memory
from cluster.content import sha256
from cluster.nginx import NginxMissing
from cluster.process import ProcessEnded
from cluster.waiting import Deadline
from versus.finishing import Marks
from versus.machine import Busy
from versus.systems.system import Failed, Stage, reader_name


_LOGS = ("*.log", "*.out", "*.stats", "*.metrics", "*/access.log")


@dataclasses.dataclass
class Run:
    """What one system did in one round."""

    seconds: list  # of each reader that was not killed, from its own start
    cpu_busy: float  # of the machine, from the first start to the last copy
    span_s: float  # that time
    cpu_s: float  # of the system's own processes
    origin_bytes: int
    rack_bytes: list


def measure(kind, variant, network, plan, content, build, folder):
    """Runs the system `kind` in a fresh folder, which is removed afterwards."""
    folder.mkdir()
    done = folder / "done"
    done.mkdir()
    marks = Marks(done)
    system = kind(Stage(plan, network, folder, content.path, done, build), variant)
    try:
        system.start()
        system.hold_readers()
        _warm_memory(plan)
        before = network.bytes_into_racks()
        busy, start = Busy(), time.monotonic()
        seconds = _time_readers(system, plan, marks)
        cpu_busy, span = busy.share(), time.monotonic() - start
        after = network.bytes_into_racks()
        if plan.logs:
            system.collect()
    except (ProcessEnded, Deadline, NginxMissing, OSError) as error:
        raise Failed(f"{system.name}: {error}") from error
    finally:
        marks.close()
        system.end()
        if plan.logs:
            _keep_logs(folder, plan.logs / folder.name)
    check_copies(system, plan, content)
    run = Run(seconds, cpu_busy, span, system.cpu_seconds(), system.origin_bytes(),
              [late - early for early, late in zip(before, after)])
    shutil.rmtree(folder)
    return run


def _warm_memory(plan):
    """As much as all copies take, and one for those who stand between the origin and readers."""
    copies = (plan.readers + 2) * plan.size
    memory.warm_memory(min(copies, memory.available() // 2))


def _time_readers(system, plan, marks):
    """Lets each reader go at its time, and returns the seconds each took."""
    waiting = list(range(plan.readers))
    lacking = {reader_name(reader): reader for reader in plan.survivors}
    started, seconds = {}, {}
    start = time.monotonic()
    to_kill = plan.killed
    while lacking:
        now = time.monotonic()
        if to_kill is not None and start + plan.kill_s <= now:
            system.readers[to_kill].send(signal.SIGKILL)
            to_kill = None
        while waiting and start + plan.start_s(waiting[0]) <= now:
            reader = waiting.pop(0)
            started[reader] = time.monotonic()
            system.readers[reader].release()
        next_at = start + plan.start_s(waiting[0]) if waiting else now + 0.25
        if to_kill is not None:
            next_at = min(next_at, start + plan.kill_s)
        for name, at in marks.wait(min(next_at - now, 0.25)).items():
            if name in lacking:
                reader = lacking.pop(name)
                seconds[reader] = at - started[reader]
        _check_alive(system, plan, lacking, time.monotonic() - start)
    return [seconds[reader] for reader in plan.survivors]


def _check_alive(system, plan, lacking, seconds):
    for program in system.programs:
        if program.name not in lacking and program in system.readers:
            continue  # done, or killed
        if not program.is_alive and not system.stage.done.joinpath(program.name).exists():
            raise Failed(f"{system.name}: {program.name} ended with {program.exit_code}\n"
                         f"{program.log_tail()}")
    if seconds > plan.deadline_s():
        names = ", ".join(lacking)
        raise Failed(f"{system.name}: after {seconds:.0f} s these have no copy yet: {names}")


def _keep_logs(folder, target):
    target.mkdir(parents=True, exist_ok=True)
    for pattern in _LOGS:
        for path in folder.glob(pattern):
            shutil.copy(path, target / "-".join(path.relative_to(folder).parts))


def check_copies(system, plan, content):
    for reader in plan.survivors:
        path = system.copy_path(reader)
        found = sha256(path) if path.is_file() else "no file"
        if found != content.sha256:
            raise Failed(f"{system.name}: the copy of {reader_name(reader)} is wrong: expected "
                         f"SHA-256 {content.sha256}, found {found}")
