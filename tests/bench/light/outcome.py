"""What a run with light peers ends with."""

import datetime
import json
import shlex
import sys

from versus import machine


def finish(name, file, result):
    """Keeps the result with its command, date and machine, if there is a file for it, and tells its
    faults. Returns the exit code: 1 if there are any."""
    result |= {"command": shlex.join(["tools/bench", name, *sys.argv[1:]]),
               "date": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
               "machine": machine.describe()}
    if file:
        file.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    for fault in result["faults"]:
        print(f"tools/bench {name}: {fault}", file=sys.stderr)
    return 1 if result["faults"] else 0
