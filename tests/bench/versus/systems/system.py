"""What all systems have in common."""

import dataclasses
import pathlib

from cluster.process import Process
from cluster.waiting import until
from versus.network import Network
from versus.plan import Plan
from versus.program import Program

START_SECONDS = 60


class Failed(Exception):
    """A system did not deliver: it broke off, took too long, or gave wrong bytes."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """Where a system runs: fresh for each run, but for the file that is moved."""

    plan: Plan
    network: Network
    folder: pathlib.Path  # of this run: stores, copies, logs
    content: pathlib.Path  # the file, alone in a folder of the origin
    done: pathlib.Path  # a reader named R is done when `done / R` appears
    build: pathlib.Path

    @property
    def origin(self):
        return self.network.hosts["origin"]

    @property
    def superpeer(self):
        return self.network.hosts["superpeer"]

    def reader_host(self, reader):
        return self.network.hosts[reader_name(reader)]

    def output(self, reader):
        return self.folder / f"{reader_name(reader)}.bin"

    def done_file(self, reader):
        return self.done / reader_name(reader)


def reader_name(reader):
    return f"reader{reader}"


class System:
    """A system in one run: start() brings up what must be there before readers come, then
    hold_readers() prepares these."""

    name = ""
    # Ways to run it, of which the best is reported: label -> what the system makes of it.
    variants = {"": None}

    def __init__(self, stage, variant):
        self.stage, self.variant = stage, variant
        self.programs = []
        self.readers = []

    def start(self):
        raise NotImplementedError

    def reader_command(self, reader):
        """Writes the copy to copy_path(reader), then makes stage.done_file(reader)."""
        raise NotImplementedError

    def copy_path(self, reader):
        return self.stage.output(reader)

    def origin_bytes(self):
        """Bytes of the object that left the origin's host; called once all have ended."""
        raise NotImplementedError

    def hold_readers(self):
        for reader in range(self.stage.plan.readers):
            self.readers.append(self.launch(
                self.stage.reader_host(reader), reader_name(reader), self.reader_command(reader),
                is_held=True))

    def launch(self, host, name, command, is_held=False):
        program = Program(host, name, command, self.stage.folder, is_held)
        self.programs.append(program)
        return program

    def wait_listening(self, host, port):
        """Of the program launched last."""
        program = self.programs[-1]

        def listens():
            program.check_alive()
            return host.answers(port)

        until(listens, START_SECONDS, lambda: f"{program.name} listens\n{program.log_tail()}")

    def collect(self):
        """Before the end of a run whose logs are kept: writes what helps to understand it."""

    def end(self):
        """Ends all programs, the readers first."""
        for program in reversed(self.programs):
            program.send(15)
        for program in reversed(self.programs):
            program.stop(10)

    def uncounted(self):
        """Programs whose processor time is not the system's: the origin's web server."""
        return []

    def cpu_seconds(self):
        """Of all processes of the system, once they have ended."""
        return sum(program.cpu_seconds for program in self.programs
                   if program not in self.uncounted())


def run_to_end(name, command, folder, seconds=600):
    """A preparation outside of the measured time, on no host."""
    process = Process(name, command, folder)
    if process.wait(seconds) != 0:
        raise Failed(f"{name} failed: {process.log_tail()}")
    return process.output()
