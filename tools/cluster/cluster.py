"""A cluster on loopback: tracker, superpeers, readers, and the folder they live in."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from cluster import ports, web
from cluster.process import Process
from cluster.reader import Reader
from cluster.waiting import until

START_SECONDS = 60  # a start takes 0.1 s; a loaded machine may take long


class CommandFailed(Exception):
    """A `tyto` command ended with another code than 0."""


class Programs:
    """Where a build folder has the programs."""

    def __init__(self, build):
        build = pathlib.Path(build)
        self.tracker = build / "tracker" / "tyto-tracker"
        self.superpeer = build / "superpeer" / "tyto-superpeer"
        self.tyto = build / "peer" / "cli" / "tyto"

    def missing(self):
        return [path for path in (self.tracker, self.superpeer, self.tyto) if not path.exists()]


class Daemon:
    """A tracker, superpeer or agent that listens, with the addresses of its ready file."""

    def __init__(self, process, ready_file, loopback="127.0.0.1"):
        self.process, self._loopback = process, loopback

        def is_ready():
            process.check_alive()
            return ready_file.exists()

        until(is_ready, START_SECONDS, lambda: f"{process.name} listens\n{process.log_tail()}")
        self.addresses = json.loads(ready_file.read_text())
        self.http = self.addresses.get("http", "")

    @property
    def rpc(self):
        return self.addresses["rpc"]

    @property
    def data(self):
        return ports.host_port(self._loopback, self.addresses["data_port"])


class Cluster:
    """Starts processes in a folder of its own, and stops all of them, in any case.

    Its folder is removed with it unless `keeps_folder` is set meanwhile. `loopback`: the address
    that everything listens on, "127.0.0.1" or "::1".
    """

    def __init__(self, build, parent=None, dies_with_parent=True, loopback="127.0.0.1"):
        self.loopback = loopback
        self._any_port = ports.host_port(loopback, 0)
        self.programs = Programs(build)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tyto-", dir=parent))
        self.dies_with_parent = dies_with_parent
        self.keeps_folder = False
        self.processes = []
        self.tracker = None  # whom commands and new peers are told of
        self.trackers = []  # of start_trackers(), with their addresses, flags and shared catalog
        self.tracker_addresses = []
        self._member_flags, self._catalog = (), None
        self.origin = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends what still runs, the newest first: readers, superpeers, tracker, origin."""
        for process in reversed(self.processes):
            process.send(2)
            process.thaw()
        for process in reversed(self.processes):
            process.stop(5)
        self.processes.clear()
        if self.origin:
            self.origin.stop()
            self.origin = None
        if not self.keeps_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, command, env=None):
        process = Process(name, command, self.folder, self.dies_with_parent, env)
        self.processes.append(process)
        return process

    def start_tracker(self, *flags, name="tracker", rpc=None, http_address=None, catalog=None):
        """The first start makes the catalog, a file if none is given; a later one goes on with
        it."""
        ready = self._ready_file(name)
        self.tracker = Daemon(
            self.start(name, [
                self.programs.tracker, "--catalog",
                catalog or f"sqlite:{self.folder / 'catalog.sqlite'}",
                "--listen-rpc", rpc or self._any_port, "--listen-http",
                http_address or self._any_port, "--ready-file", ready, *flags
            ]), ready, self.loopback)
        return self.tracker

    def start_trackers(self, count, *flags, host=None, catalog=None, regions=()):
        """Several, which are linked when this returns; the first of them is `tracker`. Without
        `catalog` each has one of its own, and a list of all; with it they share it, and find one
        another there. They are dealt out over `regions`, if there are any."""
        if self.loopback == "127.0.0.1":
            host = host or ports.loopback_of_ours()
        host = host or self.loopback
        self._catalog, self._member_flags, self._regions = catalog, flags, regions
        self.tracker_addresses = [
            ports.host_port(host, 0 if catalog else port) for port in ports.free_ports(host, count)]
        self.trackers = []
        for index in range(count):
            self.trackers.append(self.start_member(index))
        self.await_members(range(count), count)
        self.tracker = self.trackers[0]
        return self.trackers

    def start_member(self, index):
        """Starts one of start_trackers(), or starts it again."""
        members = [] if self._catalog else [
            flag for rpc in self.tracker_addresses for flag in ("--cluster-members", rpc)]
        if self._regions:
            members += ["--cluster-region", self._regions[index % len(self._regions)]]
        return self.start_tracker(
            *members, "--cluster-id", f"t{index}", *self._member_flags, name=f"tracker-{index}",
            rpc=self.tracker_addresses[index],
            catalog=self._catalog or f"sqlite:{self.folder}/catalog-{index}.sqlite")

    def members(self, index):
        """How many members a tracker of start_trackers() knows, itself included."""
        picture = web.get_json(self.trackers[index].http, "/api/v1/cluster")
        return len(picture["cluster"]["members"])

    def await_members(self, who, count):
        until(lambda: all(self.members(i) == count for i in who), START_SECONDS,
              lambda: f"{count} members; they say {[self.members(i) for i in who]}")

    def restart_tracker(self, *flags):
        """Starts a tracker on the addresses and with the catalog of the one that was killed."""
        old = self.tracker
        return self.start_tracker(*flags, rpc=old.rpc, http_address=old.http)

    def start_superpeer(self, *flags, name="superpeer", store=None, location=None):
        """Returns once the tracker knows it. A later start under the same name has its store."""
        return self._start_daemon([self.programs.superpeer], name, flags, store=store,
                                  location=location)

    def start_agent(self, *flags, name="agent", location=None):
        """`location`: region/zone/rack/host; a host and rack of its own if it is not given."""
        socket = self.folder / f"{name}.sock"
        daemon = self._start_daemon([self.programs.tyto, "agent", "--socket", socket], name, flags,
                                    location=location)
        daemon.socket = socket
        return daemon

    def _start_daemon(self, command, name, flags, location=None, store=None):
        ready = self._ready_file(name)
        process = self.start(name, [
            *command, "--store-dir", store or self.folder / f"{name}-store",
            "--listen-data", self._any_port, "--listen-http", self._any_port,
            "--trackers", self.tracker.rpc, "--ready-file", ready, "--name", name,
            "--location", location or f"local/loopback/{name}/{name}", *flags
        ])
        daemon = Daemon(process, ready, self.loopback)
        until(lambda: web.answers(daemon.http, "/readyz"), START_SECONDS,
              lambda: f"{name} has found the tracker\n{process.log_tail()}")
        return daemon

    def get(self, object_name, name="reader", flags=(), linger="1h", output=None, location=None,
            tracker=None):
        """Starts a reader, which is a host of its own, and goes on serving for `linger`.
        `tracker`: as its user names it; `self.tracker` otherwise."""
        output = output or self.folder / f"{name}.bin"
        done = self.folder / f"{name}.done"
        command = [
            self.programs.tyto, "get", object_name, "-o", output, "--tracker",
            tracker or self.tracker.rpc, "--name", name, "--location",
            location or f"local/loopback/{name}/{name}", "--listen", self._any_port, "--progress", "json", "--json", "--done-file", done, "--no-agent"
        ]
        if linger:
            command += ["--linger", linger]
        reader = Reader([*command, *flags], name, self.folder, output, done,
                        self.dies_with_parent)
        self.processes.append(reader.process)
        return reader

    def tyto(self, *arguments, seconds=60, text=None, env=None):
        """Runs a command with the tracker's API and returns the finished process, whatever became
        of it; `.stdout` and `.stderr` are text. `text`: its standard input; `env`: variables to
        add."""
        command = [self.programs.tyto, *arguments, "--api", f"http://{self.tracker.http}"]
        return subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              input=text or "", timeout=seconds, check=False,
                              env={**os.environ, **(env or {})})

    def create_bucket_at_each(self, name, origin, *flags):
        """The same at each tracker, for their catalogs are their own."""
        first = self.tracker
        for tracker in self.trackers:
            self.tracker = tracker
            self.create_bucket(name, origin, *flags)
        self.tracker = first

    def create_bucket(self, name, origin, *flags):
        done = self.tyto("bucket", "create", name, "--origin", origin, *flags)
        if done.returncode != 0:
            raise CommandFailed(f"tyto bucket create: {done.stderr.strip()}")

    def api(self, path):
        return web.get_json(self.tracker.http, "/api/v1" + path)

    def object(self, bucket, key):
        return self.api(f"/buckets/{bucket}/objects/{web.escape(key)}")

    def delivered(self, tracker=None):
        """What readers' bytes came from, as a tracker counts: {peers, superpeers, origin}."""
        counters = web.get_json((tracker or self.tracker).http, "/api/v1/cluster")
        counters = counters.get("counters", counters)
        return {name: counters[f"bytes_from_{name}"] for name in ("peers", "superpeers", "origin")}

    def _ready_file(self, name):
        path = self.folder / f"{name}.ready"
        path.unlink(missing_ok=True)
        return path
