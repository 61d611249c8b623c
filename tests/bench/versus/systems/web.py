"""nginx as the origin, and as a cache in front of it."""

import re
import shutil

from cluster.nginx import NginxMissing

PORT = 8000

# One process, which is also the one whose processor time counts.
_CONFIG = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 2048; }}
http {{
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  keepalive_timeout 600s;
  log_format bytes '$request_method $status $body_bytes_sent $request_uri';
  access_log {folder}/access.log bytes;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {http}
  server {{
    listen {address}:{port} backlog=1024;
    location / {{
      {location}
    }}
  }}
}}
"""


class WebServer:
    """nginx on a host, started by `system`; counts what it sent."""

    def __init__(self, system, host, name, location, http=""):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        if not program:
            raise NginxMissing("nginx is not installed; run tools/deps")
        self.folder = system.stage.folder / name
        self.folder.mkdir()
        self._host = host
        config = self.folder / "nginx.conf"
        config.write_text(_CONFIG.format(folder=self.folder, address=host.address, port=PORT,
                                         location=location, http=http))
        self.program = system.launch(host, name,
                                     [program, "-p", self.folder, "-e", "stderr", "-c", config])
        system.wait_listening(host, PORT)

    @property
    def url(self):
        return f"http://{self._host.address}:{PORT}/"

    def bytes_sent(self):
        """Bytes of bodies that GET requests were answered with."""
        total = 0
        for line in (self.folder / "access.log").read_text("utf-8", "replace").splitlines():
            match = re.match(r"GET 2\d\d (\d+) ", line)
            total += int(match[1]) if match else 0
        return total


def origin(system):
    """The origin's nginx: the folder of the file, with sendfile."""
    return WebServer(system, system.stage.origin, "origin", f"root {system.stage.content.parent};")


def curl(url, output, done_file):
    """curl, and then the mark that it is done."""
    script = 'curl --silent --show-error --fail --output "$1" "$2" && : >"$3"'
    return ["sh", "-c", script, "sh", output, url, done_file]
