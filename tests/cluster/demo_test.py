"""The demo itself, small."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 120


def demo(*arguments, **how):
    return subprocess.run([TREE / "tools" / "demo", *arguments], capture_output=True, text=True,
                          timeout=SECONDS, check=False, **how)


class DemoTest(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="tyto-demo-test-")
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.env = {**os.environ, "TMPDIR": self.folder.name}

    def left_over(self):
        return [path.name for path in self.path.glob("tyto-*")]

    def test_every_copy_is_right_and_the_origin_sends_each_byte_once(self):
        figures = self.path / "figures.json"
        done = demo("--readers", "2", "--size-mib", "8", "--json", figures, env=self.env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads(figures.read_text())
        self.assertEqual((result["readers"], result["verified"]), (2, 2))
        self.assertEqual(result["object_bytes"], 8 << 20)
        self.assertEqual(sum(result["bytes_from"].values()), 2 * (8 << 20))
        self.assertGreaterEqual(result["origin_bytes"], 8 << 20)
        self.assertLessEqual(result["amplification"], 1.05)
        self.assertGreaterEqual(result["seconds_max"], result["seconds_p50"])
        self.assertEqual(self.left_over(), [])

    def test_every_copy_is_right_though_a_tracker_is_killed_in_mid_download(self):
        figures = self.path / "figures.json"
        done = demo("--trackers", "3", "--readers", "4", "--size-mib", "8", "--kill-tracker",
                    "--json", figures, env=self.env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads(figures.read_text())
        self.assertEqual((result["readers"], result["verified"], result["trackers"]), (4, 4, 3))
        killed = result["killed"]
        self.assertGreaterEqual(killed["readers"], 1)
        self.assertIn(f"tracker {killed['tracker']} is killed", done.stdout)
        self.assertIn("the last reader is done", done.stdout)
        self.assertLessEqual(result["amplification"], 1.05)
        self.assertEqual(self.left_over(), [])

    def test_a_kept_cluster_is_stopped_by_its_folder(self):
        file = self.path / "mine"
        file.write_bytes(os.urandom(100_001))
        done = demo("--readers", "1", "--file", file, "--keep", env=self.env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        [name] = self.left_over()
        pids = [row["pid"] for row in json.loads((self.path / name / "kept.json").read_text())]
        self.assertEqual(len(pids), 4)
        for pid in pids:
            os.kill(pid, 0)
        stopped = demo("--stop", self.path / name)
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        self.assertEqual(self.left_over(), [])
        self.assertEqual([pid for pid in pids if _is_running(pid)], [])

    def test_interrupted_it_stops_what_it_started(self):
        process = subprocess.Popen([TREE / "tools" / "demo", "--readers", "2", "--size-mib", "512"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=self.env, preexec_fn=_hear_interrupts)
        self.addCleanup(process.kill)
        for line in process.stdout:
            if line.startswith("tracker"):  # the cluster is up, the fetching still ahead
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.left_over(), [])

    def test_wrong_arguments_are_refused(self):
        empty = self.path / "empty"
        empty.touch()
        for arguments in (("--size-mib", "0"), ("--readers", "x"), ("--file", "/nowhere"),
                          ("--file", str(empty)), ("--json", "/nowhere/at/all"),
                          ("--trackers", "9"), ("--kill-tracker",)):
            with self.subTest(arguments=arguments):
                done = demo(*arguments, env=self.env)
                self.assertEqual(done.returncode, 2)
                self.assertIn(arguments[0], done.stderr)


def _hear_interrupts():
    """Whoever runs these tests in the background of a script has SIGINT ignored, and so would all
    that is started here."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()
