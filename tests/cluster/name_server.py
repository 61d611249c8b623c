"""A DNS server with a few records, for tests in a network of their own."""

import ipaddress
import socket
import struct
import threading

_A, _AAAA, _SRV = 1, 28, 33
_NO_SUCH_NAME = 3


def _wire(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


class NameServer:
    """Answers over UDP. `addresses`: name -> addresses; `services`: name -> [(host, port)]."""

    def __init__(self, host, port=53):
        self.addresses, self.services = {}, {}
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self._socket.settimeout(0.05)  # between looks at whether it is to end
        self._is_closed = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        self._is_closed = True
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while not self._is_closed:
            try:
                query, sender = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            self._socket.sendto(self._answer(query), sender)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        name = ".".join(labels).lower()
        kind, _ = struct.unpack(">HH", query[at + 1:at + 5])
        records = self._records(name, kind)
        is_known = name in self.addresses or name in self.services
        flags = 0x8580 | (0 if is_known else _NO_SUCH_NAME)
        head = query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0)
        body = b"".join(struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(data)) + data
                        for data in records)
        return head + query[12:at + 5] + body

    def _records(self, name, kind):
        if kind == _SRV:
            return [struct.pack(">HHH", 0, 1, port) + _wire(host)
                    for host, port in self.services.get(name, [])]
        version = {_A: 4, _AAAA: 6}.get(kind)
        parsed = map(ipaddress.ip_address, self.addresses.get(name, []))
        return [address.packed for address in parsed if address.version == version]
