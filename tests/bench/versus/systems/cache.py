"""nginx proxy_cache as a tier on the superpeer's host; readers are curl.

Slices of 1 MiB, each fetched once under a lock, so that readers get what the tier has while it
fetches the rest; without them nobody would get a byte before the tier has the whole file.
"""

from versus.systems import web
from versus.systems.system import System

_HTTP = "proxy_cache_path {folder} levels=1:2 keys_zone=tier:16m max_size=1024g inactive=1d " \
        "use_temp_path=off;"

_LOCATION = """\
slice 1m;
      proxy_pass {origin};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Range $slice_range;
      proxy_cache tier;
      proxy_cache_key $uri$slice_range;
      proxy_cache_valid 200 206 1d;
      proxy_cache_lock on;
      proxy_cache_lock_age 1h;
      proxy_cache_lock_timeout 1h;"""


class Cache(System):
    """Origin, cold cache tier, readers."""

    name = "cache"

    def start(self):
        self._origin = web.origin(self)
        folder = self.stage.folder / "cached"
        self._tier = web.WebServer(self, self.stage.superpeer, "tier",
                                   _LOCATION.format(origin=self._origin.url.rstrip("/")),
                                   _HTTP.format(folder=folder))

    def reader_command(self, reader):
        return web.curl(self._tier.url + self.stage.content.name, self.stage.output(reader),
                        self.stage.done_file(reader))

    def origin_bytes(self):
        return self._origin.bytes_sent()

    def uncounted(self):
        return [self._origin.program]
