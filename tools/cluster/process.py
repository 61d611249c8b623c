"""A process that is started, watched, hurt and ended."""

import ctypes
import os
import signal
import subprocess

from cluster.waiting import until

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class ProcessEnded(Exception):
    """A process ended though it was expected to live."""


class Process:
    """One process in a session of its own, with its output in files.

    `dies_with_parent`: the kernel ends it when the thread that started it ends, however that
    happens; so start from a thread that lives as long as the process should.
    """

    def __init__(self, name, command, folder, dies_with_parent=True, env=None):
        self.name = name
        self.command = [str(part) for part in command]
        self._dies_with_parent = dies_with_parent
        self.out_path = folder / f"{name}.out"
        self.log_path = folder / f"{name}.log"
        with open(self.out_path, "ab") as out, open(self.log_path, "ab") as log:
            self.log_start = log.tell()
            self._popen = self._spawn(out, log, env)
        self.pid = self._popen.pid

    def _spawn(self, out, log, env):
        return subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=log,
            start_new_session=True, env=env,
            preexec_fn=die_with_parent if self._dies_with_parent else None)

    @property
    def exit_code(self):
        """None while it runs; -N when signal N ended it."""
        return self._popen.poll()

    @property
    def is_alive(self):
        return self.exit_code is None

    def wait(self, seconds):
        """Waits for the end and returns the exit code."""
        until(lambda: not self.is_alive, seconds, lambda: f"{self.name} ends\n{self.log_tail()}")
        return self.exit_code

    def check_alive(self):
        if not self.is_alive:
            raise ProcessEnded(
                f"{self.name} ended with {self.exit_code}; its log ends so:\n{self.log_tail()}")

    def send(self, which):
        if self.is_alive:
            os.kill(self.pid, which)

    def kill(self):
        """As a crash: kill -9, and waits until it is gone."""
        self.send(signal.SIGKILL)
        self._popen.wait(10)

    def freeze(self):
        self.send(signal.SIGSTOP)

    def thaw(self):
        self.send(signal.SIGCONT)

    def stop(self, seconds=5, which=signal.SIGTERM):
        """Asks it to end; after `seconds` it is killed. Returns the exit code."""
        self.send(which)
        self.send(signal.SIGCONT)
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.exit_code

    def log(self):
        """What this process wrote to standard error so far."""
        with open(self.log_path, "rb") as file:
            file.seek(self.log_start)
            return file.read().decode("utf-8", "replace")

    def output(self):
        return self.out_path.read_text("utf-8", "replace")

    def log_tail(self, lines=12):
        return "\n".join(self.log().splitlines()[-lines:])


def die_with_parent():
    """To be called in a forked child: it ends with the thread that forked it."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
