"""A real origin: nginx with a configuration, a port and a log of its own."""

import re
import shutil
import signal
import socket

from cluster.process import Process
from cluster.waiting import until

_CONFIG = """\
# Made for one run, and removed with its folder.
daemon off;
worker_processes 1;
{user}pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  types {{ }}
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000;
  log_format bytes '$request_method $status $body_bytes_sent $request_uri';
  access_log {folder}/access.log bytes;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    {rate}
    {directives}
  }}
}}
"""


class NginxMissing(Exception):
    """There is no nginx on this machine."""


class NginxOrigin:
    """Serves the folder `root` on loopback, and counts what it sent."""

    def __init__(self, folder, root, bytes_per_s_per_request=0, dies_with_parent=True,
                 directives=""):
        """`directives`: of the server's block, as nginx writes them."""
        self.folder = folder / "nginx"
        self.folder.mkdir()
        self.root = root
        self.process = None
        self._rate = f"limit_rate {bytes_per_s_per_request};" if bytes_per_s_per_request else ""
        self._directives = directives
        self._dies_with_parent = dies_with_parent
        self._start()

    @property
    def url(self):
        return f"http://{self.address}/"

    def bytes_sent(self, key=None):
        """Bytes of bodies that GET requests were answered with: of one key, or of all."""
        total = 0
        path = self.folder / "access.log"
        if not path.exists():
            return 0
        for line in path.read_text("utf-8", "replace").splitlines():
            match = re.fullmatch(r"GET (2\d\d) (\d+) /(.*)", line)
            if match and (key is None or match[3] == key):
                total += int(match[2])
        return total

    def stop(self):
        if self.process:
            self.process.stop(5, signal.SIGQUIT)

    def _start(self):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        if not program:
            raise NginxMissing("nginx is not installed; run tools/deps")
        for _ in range(5):
            port = _free_port()
            if self._starts_on(program, port):
                self.address = f"127.0.0.1:{port}"
                return
        self.process.check_alive()

    def _starts_on(self, program, port):
        """False if another process took the port meanwhile."""
        config = self.folder / "nginx.conf"
        # Workers started by root would be somebody who may not read the run's folder.
        user = "user root;\n" if shutil.os.geteuid() == 0 else ""
        config.write_text(_CONFIG.format(folder=self.folder, root=self.root, port=port, user=user,
                                         rate=self._rate, directives=self._directives))
        self.process = Process("nginx", [program, "-p", self.folder, "-e", "stderr", "-c", config],
                               self.folder, self._dies_with_parent)
        until(lambda: not self.process.is_alive or _answers(port), 20, "nginx listens")
        return self.process.is_alive


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
