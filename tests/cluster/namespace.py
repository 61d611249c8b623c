"""A test that needs a network, or mounts, of its own."""

import os
import subprocess
import sys

SKIPPED = 77


def check(*kinds, needs, what):
    """Ends this program with 77 where `needs`, a command, can't be run in new namespaces of these
    `kinds` (as of unshare). `what`: that for people."""
    try:
        probe = subprocess.run(["unshare", *kinds, "sh", "-c", needs], check=False,
                               capture_output=True)
        why = probe.stderr.decode("utf-8", "replace").strip()
        is_allowed = probe.returncode == 0
    except FileNotFoundError:
        is_allowed, why = False, "there is no program `unshare`"
    if not is_allowed:
        print(f"skipped: {what} is forbidden here: {why}")
        sys.exit(SKIPPED)


def enter(*kinds, needs, what):
    """Runs this program again in new namespaces, which end with it; see check()."""
    if os.environ.get("TYTO_IN_NAMESPACE"):
        return
    check(*kinds, needs=needs, what=what)
    os.environ["TYTO_IN_NAMESPACE"] = "1"
    os.execvp("unshare", ["unshare", *kinds, sys.executable, "-B", *sys.argv])
