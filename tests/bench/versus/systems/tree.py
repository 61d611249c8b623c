"""A static binary relay tree of plain HTTP: tree_node.cpp on each host.

Its root is a relay on the superpeer's host, which reads the origin once. Each node has two
children at most. With racks, one node of each is its head: it feeds the head of another rack and
one node of its own, so that the file enters each rack once.
"""

from versus.systems import web
from versus.systems.system import System, reader_name

_PORT = 8001


def parents(readers, rack_of):
    """The parent of each reader in 0..readers: another reader's number, or None for the root."""
    racks = {}
    for reader in range(readers):
        racks.setdefault(rack_of(reader), []).append(reader)
    found = {}
    heads = [members[0] for members in racks.values()]
    if len(heads) == 1:
        return _binary([None, *range(readers)])
    for place, head in enumerate(heads):
        found[head] = None if place < 2 else heads[place - 2]
    for head, *others in racks.values():
        found.update(_binary(others))
        if others:
            found[others[0]] = head
    return found


def _binary(nodes):
    """The tree in which the node at place p has the parent at place (p - 1) // 2."""
    return {node: nodes[(place - 1) // 2] for place, node in enumerate(nodes) if place > 0}


class Tree(System):
    """The relay is up beforehand and fetches when first asked; all else starts with readers."""

    name = "tree"

    def start(self):
        stage = self.stage
        self._origin = web.origin(self)
        self._path = f"/{stage.content.name}"
        self._parents = parents(stage.plan.readers, stage.plan.rack_of)
        self.launch(stage.superpeer, "relay", self._command(
            stage.superpeer, f"{stage.origin.address}:{web.PORT}", stage.folder / "relay.bin",
            stage.folder / "relay.done", "on-demand"))
        self.wait_listening(stage.superpeer, _PORT)

    def reader_command(self, reader):
        stage = self.stage
        parent = self._parents[reader]
        above = stage.superpeer if parent is None else stage.network.hosts[reader_name(parent)]
        return self._command(stage.reader_host(reader), f"{above.address}:{_PORT}",
                             stage.output(reader), stage.done_file(reader), "now")

    def origin_bytes(self):
        return self._origin.bytes_sent()

    def uncounted(self):
        return [self._origin.program]

    def _command(self, host, parent, output, done, when):
        return [self.stage.build / "tests" / "bench" / "tree_node", f"{host.address}:{_PORT}",
                parent, self._path, output, done, when]
