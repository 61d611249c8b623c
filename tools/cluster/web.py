"""Plain HTTP requests with a deadline."""

import http.client
import json
import urllib.parse


class HttpFailed(Exception):
    """No answer, or none that can be used."""


def request(address, path, method="GET", body=None, seconds=10):
    """One request to host:port. Returns (status, bytes)."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=seconds)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        text = json.dumps(body) if body is not None else None
        connection.request(method, path, text, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise HttpFailed(f"{method} http://{address}{path}: {error}") from error
    finally:
        connection.close()


def get_json(address, path, seconds=10):
    status, body = request(address, path, seconds=seconds)
    if status >= 300:
        raise HttpFailed(f"GET http://{address}{path}: {status} {body[:300]!r}")
    return json.loads(body)


def answers(address, path):
    """Whether the path is answered with 200 right now."""
    try:
        return request(address, path, seconds=2)[0] == 200
    except HttpFailed:
        return False


def escape(key):
    return urllib.parse.quote(key, safe="/-._~")
