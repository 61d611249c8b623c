"""Addresses that are known before anybody listens on them."""

import os
import socket


def loopback_of_ours():
    """An address of this machine that no other process uses: ports on it are free."""
    pid = os.getpid()
    return f"127.{pid >> 14 & 127 | 128}.{pid >> 7 & 127}.{pid & 127 | 1}"


def free_ports(host, count):
    """As many different ports that nobody listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sockets = [socket.create_server((host, 0), family=family) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def host_port(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
