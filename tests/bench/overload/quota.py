"""A share of a core for one process, by whatever this machine allows."""

import os
import pathlib
import signal
import threading
import time

_PERIOD_US = 100_000
_TURN_SECONDS = 0.05


class Quota:
    """Within it, process `pid` gets `percent` of one core: by a control group where one can be made,
    else by stopping and continuing it twenty times a second. 0: no quota.

    `how` says which: "cgroup", "stopped", or empty.
    """

    def __init__(self, pid, percent):
        self._pid, self._percent = pid, percent
        self._group = None
        self._is_over = threading.Event()
        self._thread = None
        self.how = ""

    def __enter__(self):
        if self._percent <= 0:
            return self
        try:
            self._join_group(f"tyto-quota-{os.getpid()}")
            self.how = "cgroup"
        except OSError:
            self._leave_group()
            self.how = "stopped"
            self._thread = threading.Thread(target=self._take_turns)
            self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        if self._thread:
            self._thread.join()
        self._leave_group()

    def _join_group(self, name):
        """Raises OSError where there is none to be had."""
        quota = _PERIOD_US * self._percent // 100
        for folder, file, text in (("/sys/fs/cgroup", "cpu.max", f"{quota} {_PERIOD_US}"),
                                   ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", f"{quota}")):
            if not os.path.exists(f"{folder}/cgroup.procs"):
                continue  # no control groups of this version
            group = pathlib.Path(folder, name)
            group.mkdir()
            self._group = group
            with open(group / file, "r+", encoding="ascii") as limit:
                limit.write(text)
            (group / "cgroup.procs").write_text(str(self._pid))
            return
        raise OSError("no control groups")

    def _take_turns(self):
        share = self._percent / 100
        try:
            while not self._is_over.is_set():
                os.kill(self._pid, signal.SIGSTOP)
                time.sleep(_TURN_SECONDS * (1 - share))
                os.kill(self._pid, signal.SIGCONT)
                time.sleep(_TURN_SECONDS * share)
        except ProcessLookupError:
            pass  # it ended; who started it says why

    def _leave_group(self):
        if not self._group:
            return
        try:
            (self._group.parent / "cgroup.procs").write_text(str(self._pid))
        except OSError:
            pass  # it ended, or was never in it
        try:
            self._group.rmdir()
        except OSError:
            pass
        self._group = None
