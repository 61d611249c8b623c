"""Removes a run's processes, namespaces and folder when the kit ends, however it ends.

A process of its own that waits for the end of its standard input, whose other end only the kit
holds: the kernel closes it even after kill -9. It removes what carries the run's prefix, and
nothing else.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

_NAMESPACES = pathlib.Path("/run/netns")
_KILL_SECONDS = 10
# An `ip` that the kit had just started may still add something after the first look.
_LOOK_AGAIN_S = 0.1


class Janitor:
    """Keeps watch over what is named by `prefix`, and over `folder`."""

    def __init__(self, prefix, folder):
        self._process = subprocess.Popen(
            [sys.executable, "-B", __file__, prefix, folder], stdin=subprocess.PIPE,
            start_new_session=True)

    @property
    def descriptor(self):
        """The kit's end; a child that the kit forks must close it."""
        return self._process.stdin.fileno()

    def clean(self):
        """Returns once all of it is gone."""
        self._process.stdin.close()
        self._process.wait(60)


def _namespaces(prefix):
    return list(_NAMESPACES.glob(prefix + "*")) if _NAMESPACES.is_dir() else []


def _inode(path):
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def _processes_in(namespaces):
    inodes = {_inode(path) for path in namespaces} - {None}
    return [int(entry.name) for entry in pathlib.Path("/proc").iterdir()
            if entry.name.isdigit() and _inode(entry / "ns" / "net") in inodes]


def _clean(prefix, folder):
    while namespaces := _namespaces(prefix):
        _remove(namespaces)
        time.sleep(_LOOK_AGAIN_S)
    shutil.rmtree(folder, ignore_errors=True)


def _remove(namespaces):
    end = time.monotonic() + _KILL_SECONDS
    while (pids := _processes_in(namespaces)) and time.monotonic() < end:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    for path in namespaces:
        subprocess.run(["ip", "netns", "del", path.name], check=False)


def main():
    for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(which, signal.SIG_IGN)
    sys.stdin.buffer.read()
    time.sleep(_LOOK_AGAIN_S)
    _clean(sys.argv[1], sys.argv[2])


if __name__ == "__main__":
    main()
