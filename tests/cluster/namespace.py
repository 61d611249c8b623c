"""A test that needs a network, or mounts, of its own."""

import os
import subprocess
import sys

SKIPPED = 77


def enter(*kinds, needs, what):
    """Runs this program again in new namespaces (`kinds`, as of unshare), which end with it; ends
    it with 77 where `needs`, a command, can't be run in them. `what`: that for people."""
    if os.environ.get("TYTO_IN_NAMESPACE"):
        return
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
    os.environ["TYTO_IN_NAMESPACE"] = "1"
    os.execvp("unshare", ["unshare", *kinds, sys.executable, "-B", *sys.argv])
