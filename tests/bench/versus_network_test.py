"""Tiny runs of `tools/bench versus` in real namespaces, and what it leaves when it is killed.

Ends with 77, which ctest takes as skipped, where namespaces or shaping are forbidden.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tools"), str(TREE / "tests" / "bench")]

# pylint: disable=wrong-import-position
from cluster.waiting import until
from versus.plan import SYSTEMS

SKIPPED = 77
FORBIDDEN = 3
FIGURES = ("seconds", "p50_s", "p99_s", "max_s", "stretch_p50", "stretch_p99", "stretch_max",
           "amplification", "origin_bytes", "rack_uplink_bytes", "cpu_s_per_gb")


def command(*arguments):
    return [TREE / "tools" / "bench", "versus", "--build", os.environ["TYTO_BIN_DIR"], *arguments]


def namespaces(prefix):
    folder = pathlib.Path("/run/netns")
    return sorted(path.name for path in folder.glob(prefix + "*")) if folder.is_dir() else []


def processes(word):
    """Those, but for this one, whose command line has `word`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if word in line:
                found.append(line)
    return found


class VersusCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="versus-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def measure(self, *arguments):
        """Runs the kit to its end; what it wrote as JSON."""
        path = self.folder / "found.json"
        ran = subprocess.run(command("--json", path, "--work-dir", self.folder, *arguments),
                             capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["found.json", "found.png", "found.svg"])
        return json.loads(path.read_text())


class TinyTest(VersusCase):
    def test_every_system_moves_a_small_file_and_every_figure_is_there(self):
        found = self.measure("--readers", "2", "--size-mib", "1", "--rate-mbit", "100")
        self.assertEqual(list(found["systems"]), list(SYSTEMS))
        for name, system in found["systems"].items():
            for figure in FIGURES:
                self.assertIsNotNone(system[figure], f"{name}: {figure}")
            self.assertEqual(len(system["seconds"]), 2)
            self.assertGreaterEqual(system["amplification"], 1, name)
            self.assertGreater(system["cpu_s_per_gb"], 0)
        self.assertEqual(found["systems"]["direct"]["amplification"], 2)
        self.assertEqual(found["systems"]["cache"]["amplification"], 1)
        self.assertEqual(found["systems"]["tree"]["amplification"], 1)
        self.assertTrue(50 < found["link_goodput_mbit"] < 100, found["link_goodput_mbit"])
        self.assertAlmostEqual(found["limit_seconds"],
                               (1 << 20) * 8e-6 / found["link_goodput_mbit"])

    def test_unshaped_links_have_no_limit_and_no_stretch(self):
        found = self.measure("--readers", "2", "--size-mib", "1", "--rate-mbit", "0",
                             "--systems", "direct")
        self.assertIsNone(found["limit_seconds"])
        self.assertIsNone(found["link_goodput_mbit"])
        self.assertIsNone(found["systems"]["direct"]["stretch_p50"])

    def test_racks_slow_readers_late_readers_and_rounds_work_together(self):
        found = self.measure(
            "--readers", "4", "--size-mib", "0.25", "--rate-mbit", "100", "--racks", "2",
            "--rack-mbit", "80", "--slow-share", "0.25", "--stagger-s", "0.2", "--runs", "2",
            "--systems", "tree,direct")
        tree, direct = found["systems"]["tree"], found["systems"]["direct"]
        self.assertEqual(len(tree["runs"]), 2)
        self.assertEqual(len(set(found["limits_seconds"])), 2)
        for copies in tree["rack_copies"]:
            self.assertTrue(1 < copies < 1.3, copies)
        for copies in direct["rack_copies"]:
            self.assertTrue(2 < copies < 2.6, copies)


class CleanTest(VersusCase):
    def start(self):
        """A run of some minutes, with its readers at work; (process, prefix of what is its)."""
        kit = subprocess.Popen(
            command("--readers", "2", "--size-mib", "64", "--rate-mbit", "2", "--systems",
                    "cache", "--work-dir", self.folder),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(kit.wait, 60)
        self.addCleanup(kit.kill)
        until(lambda: len(processes("curl --silent")) and list(self.folder.glob("*/*/reader0.bin")),
              60, "readers are at work")
        return kit, f"tyto{kit.pid}-"

    def assert_nothing_is_left(self, prefix):
        until(lambda: not namespaces(prefix), 30, lambda: f"gone: {namespaces(prefix)}")
        until(lambda: not list(self.folder.iterdir()), 30, "the folder is gone")
        mine = str(self.folder)
        until(lambda: not processes(mine), 30, lambda: f"gone: {processes(mine)}")

    def test_nothing_is_left_when_the_kit_is_killed(self):
        kit, prefix = self.start()
        self.assertGreaterEqual(len(namespaces(prefix)), 6)
        kit.kill()
        self.assert_nothing_is_left(prefix)

    def test_nothing_is_left_when_the_kit_is_interrupted(self):
        kit, prefix = self.start()
        kit.send_signal(signal.SIGINT)
        self.assertEqual(kit.wait(60), 128 + signal.SIGINT)
        self.assert_nothing_is_left(prefix)


class ForbiddenTest(VersusCase):
    def test_a_machine_without_leave_for_namespaces_is_told_plainly(self):
        ran = subprocess.run(
            ["setpriv", "--bounding-set", "-net_admin,-sys_admin", *command("--readers", "1")],
            capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, FORBIDDEN, ran.stdout + ran.stderr)
        self.assertIn("this machine forbids what is needed", ran.stderr)


def main():
    probe = subprocess.run(
        command("--readers", "1", "--size-mib", "0.01", "--rate-mbit", "100", "--systems",
                "direct"), capture_output=True, text=True, check=False)
    if probe.returncode == FORBIDDEN:
        print(f"skipped: {probe.stderr}")
        sys.exit(SKIPPED)
    unittest.main()


if __name__ == "__main__":
    main()
