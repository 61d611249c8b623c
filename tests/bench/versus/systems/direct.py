"""Each reader by itself: curl from the origin's nginx."""

from versus.systems import web
from versus.systems.system import System


class Direct(System):
    """No distribution at all."""

    name = "direct"

    def start(self):
        self._origin = web.origin(self)

    def reader_command(self, reader):
        return web.curl(self._origin.url + self.stage.content.name, self.stage.output(reader),
                        self.stage.done_file(reader))

    def origin_bytes(self):
        return self._origin.bytes_sent()

    def uncounted(self):
        return [self._origin.program]
