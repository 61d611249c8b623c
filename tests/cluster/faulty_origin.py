"""An HTTP origin that a test can throttle, break and change while it serves."""

import email.utils
import http.server
import re
import socket
import threading
import time

from cluster.ports import host_port

PIECE = 16 << 10


class Content:
    """One version of an object."""

    def __init__(self, data, etag, modified):
        self.data, self.etag, self.modified = data, etag, modified


class FaultyOrigin:
    """Serves what was put, on loopback, from threads of this process.

    Members that a test sets at any time:
    has_ranges, heeds_conditions   what the server can do
    refuse                         so many further GETs are answered with 503
    cut                            so many further GETs end with a closed connection in mid-body
    is_down                        everything is answered with 503
    """

    def __init__(self, host="127.0.0.1"):
        self.has_ranges = True
        self.heeds_conditions = True
        self.refuse = self.cut = 0
        self.is_down = False
        self.requests = []
        self.begun = []  # when the bodies that were asked for began, seconds
        self.at_once_max = 0
        self._at_once = 0
        self._sent = {}
        self._objects = {}
        self._bytes_per_s = 0
        self._free_at = 0.0
        self._left = None
        self._changed = threading.Condition()
        origin = self

        class Handler(_Handler):
            """Knows its origin."""
            server_origin = origin

        self._server = (_ServerV6 if ":" in host else _Server)((host, 0), Handler)
        self.url = f"http://{host_port(host, self._server.server_address[1])}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.let_through()
        self._server.shutdown()
        self._server.server_close()

    def put(self, key, data, etag="strong", modified=1_700_000_000):
        """`etag`: strong, weak or None; `modified`: seconds since 1970, or None."""
        mark = f'"{hash(data) & 0xffffffffffff:x}-{len(data):x}"'
        tag = {"strong": mark, "weak": "W/" + mark, None: None}[etag]
        with self._changed:
            self._objects[key] = Content(data, tag, modified)

    def bytes_sent(self, key):
        """Bytes of bodies."""
        with self._changed:
            return self._sent.get(key, 0)

    def throttle(self, bytes_per_s):
        """All answers together."""
        self._bytes_per_s = bytes_per_s

    def hold_after(self, count):
        """Sends `count` further bytes, and then none until let_through()."""
        with self._changed:
            self._left = count

    def let_through(self):
        with self._changed:
            self._left = None
            self._changed.notify_all()

    # What follows is for the handlers.

    def find(self, key):
        with self._changed:
            return self._objects.get(key)

    def takes(self, name):
        """Whether this request is one that is to be refused or cut."""
        with self._changed:
            left = getattr(self, name)
            if left > 0:
                setattr(self, name, left - 1)
            return left > 0

    def note(self, line):
        with self._changed:
            self.requests.append(line)

    def begin(self):
        with self._changed:
            self.begun.append(time.monotonic())
            self._at_once += 1
            self.at_once_max = max(self.at_once_max, self._at_once)

    def end(self):
        with self._changed:
            self._at_once -= 1

    def wait_to_send(self, key, size):
        with self._changed:
            self._changed.wait_for(lambda: self._left is None or self._left >= size)
            if self._left is not None:
                self._left -= size
            self._sent[key] = self._sent.get(key, 0) + size
            wait = 0.0
            if self._bytes_per_s:
                now = time.monotonic()
                self._free_at = max(now, self._free_at) + size / self._bytes_per_s
                wait = self._free_at - now
        if wait > 0:
            time.sleep(wait)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        """Clients that vanish are what these tests are about."""


class _ServerV6(_Server):
    address_family = socket.AF_INET6


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_origin = None

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(has_body=False)

    def do_GET(self):
        self._answer(has_body=True)

    def _answer(self, has_body):
        origin = self.server_origin
        key = self.path[1:]
        origin.note(f"{self.command} {self.path} {self.headers.get('Range', '')}".strip())
        if origin.is_down or (has_body and origin.takes("refuse")):
            return self._empty(503)
        content = origin.find(key)
        if content is None:
            return self._empty(404)
        if origin.heeds_conditions and self._is_refused(content):
            return self._empty(412)
        begin, end = 0, len(content.data)
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        is_part = bool(asked) and origin.has_ranges
        if is_part:
            begin = int(asked[1])
            end = min(end, int(asked[2]) + 1 if asked[2] else end)
            if begin >= end:
                return self._empty(416, {"Content-Range": f"bytes */{len(content.data)}"})
        self._head(content, begin, end, is_part)
        if has_body:
            origin.begin()
            try:
                self._body(key, memoryview(content.data)[begin:end])
            finally:
                origin.end()
        return None

    def _is_refused(self, content):
        match = self.headers.get("If-Match")
        if match is not None:
            return match != content.etag
        since = self.headers.get("If-Unmodified-Since")
        if since is not None and content.modified is not None:
            return content.modified > email.utils.parsedate_to_datetime(since).timestamp()
        return False

    def _head(self, content, begin, end, is_part):
        self.send_response(206 if is_part else 200)
        if is_part:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(content.data)}")
        self.send_header("Content-Length", str(end - begin))
        self.send_header("Accept-Ranges", "bytes" if self.server_origin.has_ranges else "none")
        if content.etag:
            self.send_header("ETag", content.etag)
        if content.modified is not None:
            self.send_header("Last-Modified",
                             email.utils.formatdate(content.modified, usegmt=True))
        self.end_headers()

    def _body(self, key, data):
        cut_at = len(data) // 2 if self.server_origin.takes("cut") else len(data)
        try:
            for at in range(0, cut_at, PIECE):
                piece = data[at:min(at + PIECE, cut_at)]
                self.server_origin.wait_to_send(key, len(piece))
                self.wfile.write(piece)
            self.wfile.flush()
        except OSError:
            self.close_connection = True
        if cut_at < len(data):
            self.close_connection = True

    def _empty(self, status, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()
