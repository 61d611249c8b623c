"""A program of a system: on its host, held back until its start, its processor time counted."""

import os
import signal
import subprocess
import time

from cluster.process import Process, die_with_parent

_GO = b"g"
# Never handed on to a program: forked children must not keep the janitor waiting.
_closed_in_children = set()


def close_in_children(descriptor):
    _closed_in_children.add(descriptor)


class Program(Process):
    """Runs `command` on `host`; with `is_held` not before release()."""

    def __init__(self, host, name, command, folder, is_held=False):
        self._host, self._is_held = host, is_held
        super().__init__(name, command, folder)

    def _spawn(self, out, log, env):
        with self._host.entered():
            return _Child(self.command, out, log, self._is_held)

    def release(self):
        self._popen.release()

    @property
    def cpu_seconds(self):
        """User and system time of it and of the children that it waited for; once it has ended."""
        return self._popen.cpu_seconds


class _Child:
    """A forked process, with what cluster.process.Process uses of subprocess.Popen."""

    def __init__(self, command, out, log, is_held):
        wait_end, self._go = os.pipe()
        self._code = None
        self._usage = None
        self.pid = os.fork()
        if self.pid == 0:
            _become(command, out, log, wait_end, self._go)
        os.close(wait_end)
        close_in_children(self._go)
        if not is_held:
            self.release()

    def release(self):
        os.write(self._go, _GO)
        self._close()

    def poll(self):
        if self._code is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self._ended(status, usage)
        return self._code

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), seconds)
            time.sleep(0.005)
        return self._code

    @property
    def cpu_seconds(self):
        return self._usage.ru_utime + self._usage.ru_stime

    def _ended(self, status, usage):
        self._code = os.waitstatus_to_exitcode(status)
        self._usage = usage
        self._close()

    def _close(self):
        if self._go in _closed_in_children:
            _closed_in_children.discard(self._go)
            os.close(self._go)


def _become(command, out, log, wait_end, go):
    """In the child: waits for the word to go, and turns into `command`. Never returns."""
    try:
        os.close(go)
        for descriptor in _closed_in_children:
            os.close(descriptor)
        os.setsid()
        die_with_parent()
        for which in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM):
            signal.signal(which, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, descriptor in enumerate((nothing, out.fileno(), log.fileno())):
            os.dup2(descriptor, target)
        if os.read(wait_end, 1) == _GO:
            os.execvp(command[0], command)
    except BaseException as error:  # pylint: disable=broad-exception-caught
        os.write(2, f"{command[0]}: {error}\n".encode())
    finally:
        os._exit(127)
