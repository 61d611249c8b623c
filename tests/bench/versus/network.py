"""Hosts on shaped links: network namespaces, veth pairs, bridges and token buckets."""

import contextlib
import ctypes
import json
import os
import socket
import subprocess

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

# A link's queue holds 82 ms and its bucket 10.5 ms at its rate (at 50 Mbit/s: 512 kB and 64 KiB),
# so that links of all rates behave alike. Below the least sizes a segment would not fit.
_QUEUE_S = 0.082
_BURST_S = 0.0105
_QUEUE_BYTES_MIN = 64_000
_BURST_BYTES_MIN = 8_192


def _pass_by_netfilter(namespace):
    """Bridges hand each packet to the firewall where br_netfilter is loaded: switches do not."""
    for table in ("iptables", "ip6tables", "arptables"):
        subprocess.run(
            ["ip", "netns", "exec", namespace, "sysctl", "-qw",
             f"net.bridge.bridge-nf-call-{table}=0"], check=False, stderr=subprocess.DEVNULL)


class Forbidden(Exception):
    """This machine does not let the kit have namespaces or shaping."""


class Host:
    """A network namespace with one address and one link."""

    def __init__(self, namespace, name, address):
        self.namespace, self.name, self.address = namespace, name, address

    @contextlib.contextmanager
    def entered(self):
        """What this thread opens or forks meanwhile is on the host."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.namespace}") as away:
            _set_namespace(away)
            try:
                yield
            finally:
                _set_namespace(home)


    def answers(self, port):
        """Whether something listens there."""
        with self.entered(), socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.address, port)) == 0


class Network:
    """A core bridge with hosts, and rack bridges behind it. Its janitor removes it."""

    def __init__(self, prefix):
        self._prefix = prefix
        self._bridge = prefix + "bridge"
        self._count = 0
        self._racks = 0
        self.hosts = {}
        try:
            _ip(f"netns add {self._bridge}")
            self._in_bridge("link add core type bridge", "link set core up")
            _pass_by_netfilter(self._bridge)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Forbidden(f"no network namespaces here: {_reason(error)}") from error

    def add_rack(self, rate_mbit):
        """A bridge of its own whose link to the core has this rate both ways; its number."""
        rack, self._racks = self._racks, self._racks + 1
        self._in_bridge(
            f"link add rack{rack} type bridge", f"link set rack{rack} up",
            f"link add down{rack} type veth peer name up{rack}",
            f"link set down{rack} master core up", f"link set up{rack} master rack{rack} up")
        _shape(self._bridge, f"down{rack}", rate_mbit)
        _shape(self._bridge, f"up{rack}", rate_mbit)
        return rack

    def add_host(self, name, rate_mbit, rack=None):
        """A host on the core bridge, or in a rack."""
        self._count += 1
        namespace, port = self._prefix + name, f"port{self._count}"
        address = f"10.99.{self._count >> 8}.{self._count & 255}"
        _ip(f"netns add {namespace}")
        self._in_bridge(
            f"link add {port} type veth peer name eth0 netns {namespace}",
            f"link set {port} master {'core' if rack is None else f'rack{rack}'} up")
        _ip("link set lo up", f"addr add {address}/16 dev eth0", "link set eth0 up",
            namespace=namespace)
        _shape(self._bridge, port, rate_mbit)
        _shape(namespace, "eth0", rate_mbit)
        self.hosts[name] = Host(namespace, name, address)
        return self.hosts[name]

    def bytes_into_racks(self):
        """What each rack's link to the core has brought in so far, headers included."""
        shown = subprocess.run(["ip", "-n", self._bridge, "-s", "-j", "link", "show"], check=True,
                               capture_output=True, text=True).stdout
        received = {link["ifname"]: link["stats64"]["rx"]["bytes"] for link in json.loads(shown)}
        return [received[f"up{rack}"] for rack in range(self._racks)]

    def _in_bridge(self, *commands):
        _ip(*commands, namespace=self._bridge)


def _ip(*commands, namespace=None):
    _batch("ip", commands, namespace)


def _shape(namespace, device, rate_mbit):
    """A token bucket on what leaves through `device`; nothing at rate 0."""
    if not rate_mbit:
        return
    bytes_per_s = rate_mbit * 1e6 / 8
    burst = max(_BURST_BYTES_MIN, int(bytes_per_s * _BURST_S))
    queue = max(_QUEUE_BYTES_MIN, int(bytes_per_s * _QUEUE_S))
    try:
        _batch("tc", [f"qdisc add dev {device} root tbf rate {int(rate_mbit * 1e6)}bit "
                      f"burst {burst} limit {queue}"], namespace)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Forbidden(f"no token buckets (tbf) here: {_reason(error)}") from error


def _batch(program, commands, namespace):
    where = ["-n", namespace] if namespace else []
    subprocess.run([program, *where, "-batch", "-"], input="\n".join(commands) + "\n", check=True,
                   text=True, capture_output=True)


def _reason(error):
    if isinstance(error, subprocess.CalledProcessError):
        return " ".join(error.stderr.split()) or f"exit code {error.returncode}"
    return str(error)


def _set_namespace(file):
    if _libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"setns: {os.strerror(code)}")


def of_plan(plan, prefix):
    """The hosts and racks of a plan."""
    network = Network(prefix)
    for name in ("origin", "tracker", "superpeer"):
        network.add_host(name, plan.rate_mbit)
    for _ in range(plan.racks):
        network.add_rack(plan.rack_mbit)
    for reader in range(plan.readers):
        network.add_host(f"reader{reader}", plan.reader_mbit(reader), plan.rack_of(reader))
    return network
