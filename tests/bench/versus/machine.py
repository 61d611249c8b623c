"""The machine that is measured on: what it is, and how busy it was."""

import os
import pathlib
import platform
import re
import shutil
import subprocess


class Busy:
    """The share of all processors' time that was not idle since the construction."""

    def __init__(self):
        self._idle, self._total = _ticks()

    def share(self):
        idle, total = _ticks()
        return 1 - (idle - self._idle) / max(1, total - self._total)


def _ticks():
    with open("/proc/stat", encoding="ascii") as file:
        fields = [int(field) for field in file.readline().split()[1:9]]
    return fields[3] + fields[4], sum(fields)


def describe():
    info = pathlib.Path("/proc/cpuinfo").read_text("utf-8", "replace")
    model = re.search(r"^model name\s*: (.*)$", info, re.M)
    return {"cores": os.cpu_count(), "model": model[1] if model else platform.machine(),
            "kernel": platform.release(), "memory_bytes":
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")}


def versions(tyto, libtorrent_node):
    """What was measured, as each program names itself."""
    commands = {"tyto": [tyto, "--version"], "libtorrent": [libtorrent_node, "--version"],
                "nginx": ["nginx", "-v"], "curl": ["curl", "--version"]}
    return {name: _first_line(command) for name, command in commands.items()}


def _first_line(command):
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    program = shutil.which(str(command[0]), path=path)
    if not program:
        return None
    ran = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
    return (ran.stdout + ran.stderr).partition("\n")[0].strip()
