"""libtorrent-rasterbar: a v2 torrent, the origin's host as its seed, readers as leechers.

libtorrent_node.cpp has the settings, and why.
"""

import json

from versus.systems.system import System, reader_name, run_to_end

_PORT = 6881
_PIECES_KIB = (16, 64, 256)


class Libtorrent(System):
    """A variant is the size of a piece, and settings ("name=value") besides the node's own."""

    name = "libtorrent"
    variants = {f"pieces of {size} KiB": (size << 10, ()) for size in _PIECES_KIB}

    def start(self):
        stage = self.stage
        self._node = stage.build / "tests" / "bench" / "libtorrent_node"
        self._torrent = stage.folder / "content.torrent"
        piece_bytes, self._settings = self.variant
        run_to_end("make-torrent", [self._node, "make", stage.content, self._torrent,
                                    piece_bytes], stage.folder)
        self.launch(stage.origin, "seed", self._command(
            "seed", stage.origin, stage.content.parent, stage.folder / "seed.done", []))
        self.wait_listening(stage.origin, _PORT)

    def reader_command(self, reader):
        stage = self.stage
        folder = stage.folder / reader_name(reader)
        folder.mkdir()
        others = [stage.reader_host(other) for other in range(stage.plan.readers)
                  if other != reader]
        return self._command(reader_name(reader), stage.reader_host(reader), folder,
                             stage.done_file(reader), [stage.origin, *others])

    def copy_path(self, reader):
        return self.stage.folder / reader_name(reader) / self.stage.content.name

    def origin_bytes(self):
        """What the seed uploaded as payload: it is this system's origin."""
        return json.loads((self.stage.folder / "seed.stats").read_text())["uploaded_bytes"]

    def _command(self, name, host, save, done, peers):
        return [self._node, "run", self._torrent, save, f"{host.address}:{_PORT}", done,
                self.stage.folder / f"{name}.stats", *self._settings,
                *(f"{peer.address}:{_PORT}" for peer in peers)]
