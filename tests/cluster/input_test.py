"""Names that are wrong or strange, and bytes from clients that mean harm."""

import os
import random
import socket

from cluster_case import END_SECONDS, ClusterCase, unittest, until
from cluster import web


class InputTest(ClusterCase):

    def setUp(self):
        super().setUp()
        self.superpeer = self.start()

    def test_unknown_buckets_and_keys_are_not_found(self):
        self.get_fails("nowhere/k", 3, "nowhere")
        self.get_fails("b/nothing", 3, "nothing")

    def test_wrong_names_are_refused_at_once(self):
        for wrong in ("b/../etc/passwd", "b/a/../../x", "b/" + "k" * 4096, "b/", "b", "B/k",
                      "b//k"):
            with self.subTest(name=wrong[:40]):
                self.get_fails(wrong, 2, output=self.cluster.folder / "wrong.bin")
        self.assertEqual(self.origin.requests, [])

    def test_strange_names_work(self):
        for index, (key, path) in enumerate((
            ("two words", "two%20words"),
            ("größe/ж/鯨", "gr%C3%B6%C3%9Fe/%D0%B6/%E9%AF%A8"),
            ("100%&a=b?c#d+e", "100%25%26a%3Db%3Fc%23d%2Be"),
            ("k" * 1024, "k" * 1024),
        )):
            with self.subTest(key=key[:40]):
                data = self.put(path, 100_000, seed=index)
                self.assert_copy(self.get(f"b/{key}", f"reader-{index}"), data)
                self.assertEqual(self.cluster.object("b", key)["key"], key)

    def test_small_objects_work(self):
        for size in (0, 1, 16383, 16384, 16385):
            with self.subTest(size=size):
                data = self.put(f"{size}", size)
                self.assert_copy(self.get(f"b/{size}", f"reader-{size}"), data)

    def test_hostile_bytes_hurt_nobody(self):
        data = self.put("k", 1 << 20)
        reader = self.get("b/k")
        tracker = self.cluster.tracker
        rng = random.Random(7)
        for address in (tracker.rpc, tracker.http, self.superpeer.data, self.superpeer.http):
            for _ in range(60):
                _send(address, rng.randbytes(rng.randrange(1, 4000)))
            for text in _HOSTILE:
                for _ in range(15):
                    _send(address, text)
        for daemon in (tracker, self.superpeer):
            daemon.process.check_alive()
            self.assertTrue(web.answers(daemon.http, "/healthz"))
            self.assertLess(len(daemon.process.log().splitlines()), 100, daemon.process.log_tail())
        reader.process.check_alive()
        self.assert_copy(self.get("b/k", "after"), data)

    def test_half_open_connections_keep_nobody_out(self):
        data = self.put("k", 1 << 20)
        held = []
        for address in (self.cluster.tracker.rpc, self.cluster.tracker.http, self.superpeer.data):
            for _ in range(40):
                held.append(_connect(address))
                held[-1].sendall(b"GET /")
        self.assert_copy(self.get("b/k"), data)
        for connection in held:
            connection.close()


_HOSTILE = (
    b"GET / HTTP/1.1\r\n" + b"A: " + b"a" * 70_000 + b"\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /api/v1/buckets HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999\r\n\r\n",
    b"POST /api/v1/buckets HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n{{{{{",
    b"GET /v1/" + b"f" * 64 + b"/4294967296 HTTP/1.1\r\nHost: a\r\nRange: bytes=9-1\r\n\r\n",
    b"\xff\xff\xff\xff" * 64,
    b"\x00\x00\x00\x00\xff\xff\xff\x7f" + b"\x00" * 512,
    b"",
)


def _connect(address):
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def _send(address, data):
    """Sends, and goes; what comes back is nobody's business."""
    try:
        with _connect(address) as connection:
            connection.sendall(data)
    except (ConnectionError, BrokenPipeError):
        pass


if __name__ == "__main__":
    unittest.main()
