"""What fetching a file costs, verified and written, beside curl and sha256sum."""

import json

import cpu
from cluster import content, memory


class Receiving:
    """Fetches one object again and again into the same place, by either way.

    `warms`: memory is taken and freed just before each fetch; see memory.warm_memory().
    """

    def __init__(self, cluster, nginx, object_name, size, warms=True):
        self._warm_bytes = 3 * size if warms else 0  # a copy in a store, the file, and buffers
        self._cluster, self._nginx, self._object, self._size = cluster, nginx, object_name, size
        key = object_name.partition("/")[2]
        self._url = nginx.url + key
        self._digest = content.sha256(nginx.root / key)
        self._output = cluster.folder / "received.bin"
        self._log = cluster.folder / "receiving.log"

    def measure(self, name):
        """One fetch by `tyto` or `curl`: {cpu_s_per_gb, gb_per_s}; the copy is checked besides."""
        self._output.unlink(missing_ok=True)
        if self._warm_bytes:
            memory.warm_memory(self._warm_bytes)
        result = self._tyto() if name == "tyto" else self._curl()
        if content.sha256(self._output) != self._digest:
            raise cpu.CommandFailed(f"{name} brought another file than {self._url}")
        self._output.unlink()
        return result

    def _tyto(self):
        used = cpu.run([
            self._cluster.programs.tyto, "get", self._object, "-o", self._output, "--tracker",
            self._cluster.tracker.rpc, "--listen", "127.0.0.1:0", "--no-agent", "--json",
            "--progress", "off", "--location", "local/loopback/reader/reader"
        ], self._log)
        came = json.loads(used.output)["bytes_from"]
        if came["superpeer"] != self._size:
            raise cpu.CommandFailed(f"bytes came from {came}, expected all from the superpeer")
        return self._figures(used.cpu_s, used.wall_s)

    def _curl(self):
        fetched = cpu.run(["curl", "-sS", "-f", "-o", self._output, self._url], self._log)
        summed = cpu.run(["sha256sum", self._output], self._log)
        if summed.output.split()[0] != self._digest:
            raise cpu.CommandFailed(f"{self._url}: another digest than the file's")
        figures = self._figures(fetched.cpu_s + summed.cpu_s, fetched.wall_s + summed.wall_s)
        return {**figures, "curl_cpu_s": fetched.cpu_s, "sha256sum_cpu_s": summed.cpu_s}

    def _figures(self, cpu_s, wall_s):
        gb = self._size / cpu.GB
        return {"cpu_s_per_gb": cpu_s / gb, "gb_per_s": gb / wall_s}
