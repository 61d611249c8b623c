"""A cluster that outlives the demo, and its end."""

import json
import os
import pathlib
import shutil
import signal

from cluster.waiting import Deadline, until

_FILE = "kept.json"


class NotKept(Exception):
    """The folder is none of a kept cluster."""


def leave_up(cluster):
    """From here on closing `cluster` stops nothing and removes nothing; stop() does."""
    processes = [*cluster.processes, cluster.origin.process]
    rows = [{"name": p.name, "pid": p.pid, "started": _started(p.pid)} for p in processes]
    (cluster.folder / _FILE).write_text(json.dumps(rows, indent=2) + "\n")
    cluster.keeps_folder = True
    cluster.processes.clear()
    cluster.origin = None


def stop(folder):
    """Ends the processes that were left up, and removes their folder."""
    folder = pathlib.Path(folder).absolute()
    if not (folder / _FILE).is_file():
        raise NotKept(f"{folder} is not the folder of a kept cluster (it has no {_FILE})")
    rows = json.loads((folder / _FILE).read_text())
    for row in rows:
        _send(row, signal.SIGTERM)
    try:
        until(lambda: not any(_is_there(row) for row in rows), 10, "all processes end")
    except Deadline:
        for row in rows:
            _send(row, signal.SIGKILL)
    shutil.rmtree(folder)
    print(f"stopped {len(rows)} processes, removed {folder}")


def _started(pid):
    """When a process started, in ticks since the boot: no other with its pid started then."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state == "Z" else int(fields[18])


def _is_there(row):
    return row["started"] is not None and _started(row["pid"]) == row["started"]


def _send(row, which):
    if _is_there(row):
        os.kill(row["pid"], which)
