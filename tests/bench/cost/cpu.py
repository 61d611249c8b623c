"""Processor time of processes, to the nanosecond where the kernel has it so."""

import dataclasses
import os
import pathlib
import select
import subprocess
import time

from cluster.waiting import Deadline

GB = 1e9
_ALL_THREADS_SCHED = 2  # CPUCLOCK_SCHED of the kernel's posix-timers.h


class CommandFailed(Exception):
    """A measured command ended with another code than 0."""


@dataclasses.dataclass
class Used:
    """What a command took: processor seconds of all its threads, and seconds by the clock."""

    cpu_s: float
    wall_s: float
    output: str = ""


def seconds_of(pid):
    """Processor seconds so far of a process that runs, all of its threads together."""
    return time.clock_gettime_ns((~pid << 3) | _ALL_THREADS_SCHED) / 1e9


def children(pid):
    """Processes that `pid` started and that live."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def run(command, log, seconds=300):
    """Runs a command to its end; what it says on standard error is appended to the file `log`."""
    command = [str(part) for part in command]
    with open(log, "ab") as errors, open(f"{log}.out", "w+b") as output:
        begun = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        end = os.pidfd_open(child.pid)
        try:
            if not select.select([end], [], [], seconds)[0]:
                raise Deadline(f"not within {seconds:g} s: {command[0]} ends; see {log}")
            wall = time.monotonic() - begun
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        finally:
            os.close(end)
            if child.returncode is None:
                child.kill()
                child.wait()
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if child.returncode != 0:
        tail = "\n".join(pathlib.Path(log).read_text("utf-8", "replace").splitlines()[-12:])
        raise CommandFailed(f"{' '.join(command)} ended with {child.returncode}:\n{tail}")
    return Used(usage.ru_utime + usage.ru_stime, wall, text)
