"""A reader: one `tyto get` in a process of its own."""

import json
import signal

from cluster.process import Process
from cluster.waiting import until


class Reader:
    """Fetches an object into `output`; tells how far it is, and what it says at the end."""

    def __init__(self, command, name, folder, output, done_file, dies_with_parent=True):
        done_file.unlink(missing_ok=True)
        self.name, self.output, self.done_file = name, output, done_file
        self.process = Process(name, command, folder, dies_with_parent)
        self._at = self.process.log_start
        self._rest = b""
        self._progress = {"done_bytes": 0, "total_bytes": 0, "seconds": 0.0}

    def progress(self):
        """The newest {done_bytes, total_bytes, seconds} that it wrote."""
        with open(self.process.log_path, "rb") as file:
            file.seek(self._at)
            text = file.read()
        self._at += len(text)
        *lines, self._rest = (self._rest + text).split(b"\n")
        for line in lines:
            if line.startswith(b'{"progress"'):
                self._progress = json.loads(line)["progress"]
        return self._progress

    @property
    def done_bytes(self):
        return self.progress()["done_bytes"]

    @property
    def summary(self):
        """What it wrote once its file was whole; None before."""
        if not self.done_file.exists():
            return None
        return json.loads(self.done_file.read_text())

    def wait_for_bytes(self, count, seconds):
        """Waits until `count` bytes are there, while it runs."""

        def is_there():
            if self.done_bytes >= count:
                return True
            self.process.check_alive()
            return False

        until(is_there, seconds, lambda: f"{self.name} has {count} bytes, but {self._progress}")

    def wait_done(self, seconds):
        """Waits until the file is whole, and returns the summary."""

        def is_done():
            summary = self.summary
            if summary is None:
                self.process.check_alive()
            return summary

        return until(is_done, seconds, lambda: f"{self.name} is done: {self.progress()}\n"
                                               f"{self.process.log_tail()}", every=0.05)

    def stop(self):
        return self.process.stop(8, signal.SIGINT)
