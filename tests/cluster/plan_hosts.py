"""Hosts of a plan: network namespaces on one bridge, which can be cut off from one another.

To be used in mount and network namespaces of one's own (namespace.py), with which all of it ends.
"""

import subprocess

NEEDS = ("mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && ip link set lo up && "
         "ip link add br0 type bridge && ip netns add probe")
GATEWAY = "10.77.0.1"
_NOBODY = "02:00:00:00:00:ff"  # whose frames the bridge sends nowhere that listens


def _ip(*words, check=True):
    subprocess.run(["ip", *words], check=check, capture_output=not check)


class Hosts:
    """By name, each with an address. The gateway's address is this process's own."""

    def __init__(self):
        for command in (NEEDS, f"ip addr add {GATEWAY}/24 dev br0 && ip link set br0 up"):
            subprocess.run(["sh", "-c", command], check=True)
        self._numbers = {}

    def add(self, name):
        number = len(self._numbers) + 2
        self._numbers[name] = number
        space = f"h{number}"
        _ip("netns", "add", space)
        _ip("link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", f"v{number}", "master", "br0", "up")
        _ip("-n", space, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
        _ip("-n", space, "link", "set", "eth0", "up")
        _ip("-n", space, "link", "set", "lo", "up")

    def address(self, name):
        return f"10.77.0.{self._numbers[name]}"

    def command(self, name, words):
        """`words`, to be run on that host."""
        return ["ip", "netns", "exec", f"h{self._numbers[name]}", *words]

    def cut(self, sender, receiver):
        """From now on nothing that `sender` sends arrives at `receiver`, and nobody says so."""
        _ip("-n", f"h{self._numbers[sender]}", "neigh", "replace", self.address(receiver), "lladdr",
            _NOBODY, "dev", "eth0", "nud", "permanent")

    def mend(self, sender, receiver):
        _ip("-n", f"h{self._numbers[sender]}", "neigh", "del", self.address(receiver), "dev",
            "eth0", check=False)
