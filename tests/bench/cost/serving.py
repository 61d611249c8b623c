"""What a chunk server costs, beside nginx with sendfile: the same answers to the same client."""

import http.client
import json

import cpu

CONNECTIONS = 4


class Serving:
    """Two servers with the same bodies under the same paths, and one client for both."""

    def __init__(self, cluster, programs, superpeer, nginx, version, chunks, repeat):
        """`superpeer` holds `version` whole; its answers are put into nginx's root as files."""
        self._programs = programs
        self._folder = cluster.folder
        self._repeat = repeat
        self._targets = cluster.folder / "targets"
        paths = [f"/v1/objects/{version}/chunks/{i}" for i in range(chunks)]
        self._targets.write_text("".join(path + "\n" for path in paths))
        _copy_answers(superpeer.data, paths, nginx.root)
        workers = cpu.children(nginx.process.pid)
        self._servers = {"tyto": (superpeer.data, [superpeer.process.pid]),
                         "nginx": (nginx.address, [nginx.process.pid, *workers])}

    def measure(self, name):
        """One pass over one of the servers: {cpu_s_per_gb, gb_per_s, client_cpu_s_per_gb, bytes}"""
        address, pids = self._servers[name]
        before = sum(map(cpu.seconds_of, pids))
        client = cpu.run([self._programs / "cost_client", "--server", address, "--targets",
                          self._targets, "--connections", CONNECTIONS, "--repeat", self._repeat],
                         self._folder / "client.log")
        used = sum(map(cpu.seconds_of, pids)) - before
        told = json.loads(client.output)
        gb = told["bytes"] / cpu.GB
        return {"cpu_s_per_gb": used / gb, "gb_per_s": gb / told["seconds"],
                "client_cpu_s_per_gb": client.cpu_s / gb, "bytes": told["bytes"],
                "requests": told["requests"]}


def _copy_answers(server, paths, root):
    connection = http.client.HTTPConnection(server, timeout=30)
    for path in paths:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise cpu.CommandFailed(f"GET http://{server}{path}: {answer.status}, expected 200")
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    connection.close()
