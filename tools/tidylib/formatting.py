"""What clang-format would change."""

import concurrent.futures
import re
import shutil
import subprocess

from .tree import Complaint

FILES_A_RUN = 20
AT_ONCE = 2
VIOLATION = re.compile(r'^(?P<path>[^:\n]+):(?P<line>\d+):\d+: (?:error|warning): code should be '
                       r'clang-formatted', re.MULTILINE)


def check(tree):
    paths = [path for path in tree.tracked_files if path.endswith(('.h', '.cpp'))]
    if not paths:
        return
    if shutil.which('clang-format') is None:
        yield Complaint('.clang-format', 1, 'clang-format is not installed, expected it to check '
                                            'the layout; run tools/deps')
        return
    runs = [paths[i:i + FILES_A_RUN] for i in range(0, len(paths), FILES_A_RUN)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for complaints in pool.map(lambda run: check_run(tree, run), runs):
            yield from complaints


def check_run(tree, paths):
    """One complaint a file, at its first line that differs."""
    done = subprocess.run(['clang-format', '--dry-run', '-Werror', *paths], cwd=tree.root,
                          capture_output=True, text=True, check=False)
    first_lines = {}
    for found in VIOLATION.finditer(done.stderr):
        first_lines.setdefault(found['path'], int(found['line']))
    if done.returncode != 0 and not first_lines:
        return [Complaint(paths[0], 1, f'clang-format failed: {done.stderr.strip()[:300]}')]
    return [Complaint(path, line, 'the layout differs from .clang-format, expected none; '
                                  f'run clang-format -i {path}')
            for path, line in first_lines.items()]
