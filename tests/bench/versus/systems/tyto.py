"""Tyto with its default settings: one tracker, one superpeer, readers that linger."""

from cluster import web as requests
from cluster.cluster import Programs
from cluster.waiting import until
from versus.systems import web
from versus.systems.system import START_SECONDS, Failed, System

_RPC, _API, _SUPERPEER_HTTP = 7400, 7401, 7403


class Tyto(System):
    """Readers are told their rack where there are racks, and their host's name alone elsewhere."""

    name = "tyto"

    def start(self):
        self._programs = Programs(self.stage.build)
        self._origin = web.origin(self)
        self._start_tracker()
        self._start_superpeer()

    def reader_command(self, reader):
        stage = self.stage
        return [
            self._programs.tyto, "get", f"bench/{stage.content.name}", "-o", stage.output(reader),
            "--tracker", self._tracker_rpc, "--name", f"reader{reader}",
            "--location", self._location(f"reader{reader}", stage.plan.rack_of(reader)),
            "--linger", f"{int(stage.plan.deadline_s()) + 60}s", "--no-agent", "--progress", "off",
            "--json", "--done-file", stage.done_file(reader)
        ]

    def origin_bytes(self):
        return self._origin.bytes_sent()

    def collect(self):
        for name, port in (("tracker", _API), ("superpeer", _SUPERPEER_HTTP)):
            with self.stage.network.hosts[name].entered():
                _, text = requests.request(f"127.0.0.1:{port}", "/metrics")
            (self.stage.folder / f"{name}.metrics").write_bytes(text)

    def uncounted(self):
        return [self._origin.program]

    def _start_tracker(self):
        host = self.stage.network.hosts["tracker"]
        self._tracker_rpc = f"{host.address}:{_RPC}"
        tracker = self.launch(host, "tracker", [
            self._programs.tracker, "--catalog", f"sqlite:{self.stage.folder / 'catalog.sqlite'}",
            "--listen-rpc", self._tracker_rpc, "--listen-http", f"127.0.0.1:{_API}"
        ])
        self._wait_ready(host, tracker, _API)
        with host.entered():
            status, answer = requests.request(
                f"127.0.0.1:{_API}", "/api/v1/buckets", "POST",
                {"name": "bench", "origin": self._origin.url})
        if status != 201:
            raise Failed(f"tyto: the bucket could not be made: {status} {answer!r}")

    def _start_superpeer(self):
        host = self.stage.superpeer
        superpeer = self.launch(host, "superpeer", [
            self._programs.superpeer, "--trackers", self._tracker_rpc,
            "--store-dir", self.stage.folder / "superpeer-store", "--name", "superpeer",
            "--location", self._location("superpeer", "core" if self.stage.plan.racks else None)
        ])
        self._wait_ready(host, superpeer, _SUPERPEER_HTTP)

    def _wait_ready(self, host, program, port):
        def is_ready():
            program.check_alive()
            with host.entered():
                return requests.answers(f"127.0.0.1:{port}", "/readyz")

        until(is_ready, START_SECONDS, lambda: f"{program.name} is ready\n{program.log_tail()}")

    def _location(self, name, rack):
        return name if rack is None else f"dc/hall/rack-{rack}/{name}"
