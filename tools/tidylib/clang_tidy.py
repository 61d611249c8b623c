"""clang-tidy, on demand: it takes seconds a file."""

import json
import pathlib
import shutil
import subprocess
import sys

from .includes import PURE
from .tree import is_within

# What clang 14 can compile: not the coroutines of Boost.Asio.
FOLDERS = (*PURE, 'schema', 'sim')


def run(tree, build, files):
    commands = build / 'compile_commands.json'
    if shutil.which('clang-tidy') is None:
        print('tools/tidy: clang-tidy is not installed; run tools/deps', file=sys.stderr)
        return 2
    if not commands.is_file():
        print(f'tools/tidy: {commands} is missing; run cmake --preset release, or give --build',
              file=sys.stderr)
        return 2
    paths = [str(pathlib.Path(file).resolve()) for file in files] or compiled(tree, commands)
    if not paths:
        print(f'tools/tidy: {commands} names no source of {", ".join(FOLDERS)}', file=sys.stderr)
        return 2
    failures = 0
    for path in paths:
        # The flags are g++'s; clang does not know all of its warnings.
        done = subprocess.run(['clang-tidy', '--quiet', '-p', str(build),
                               '--extra-arg=-Wno-unknown-warning-option', path],
                              stderr=subprocess.DEVNULL, check=False)
        failures += done.returncode != 0
    return 1 if failures else 0


def compiled(tree, commands):
    found = set()
    for entry in json.loads(commands.read_text(encoding='utf-8')):
        path = pathlib.Path(entry['directory'], entry['file']).resolve()
        if path.is_relative_to(tree.root):
            relative = path.relative_to(tree.root).as_posix()
            if any(is_within(relative, folder) for folder in FOLDERS):
                found.add(str(path))
    return sorted(found)
