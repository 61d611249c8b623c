"""The programs that kits run."""

import pathlib
import subprocess
import sys

_TREE = pathlib.Path(__file__).resolve().parents[3]


def built(kit, targets):
    """The build folder of the release preset, with these in it; ends the program if that fails."""
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "build/release", "-j2", "--target", *targets]):
        ran = subprocess.run(command, cwd=_TREE, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            sys.exit(f"tools/bench {kit}: {' '.join(command)} failed:\n{ran.stdout[-4000:]}"
                     f"{ran.stderr[-4000:]}")
    return _TREE / "build" / "release"
