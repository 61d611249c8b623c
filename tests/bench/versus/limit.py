"""The fluid limit: the seconds that ideal flow over the same links would take."""

import socket
import threading
import time


_PORT = 9000
_WARM_S, _MEASURE_S = 0.5, 4.0
_BUFFER = 1 << 20


def measure_goodput_mbit(network, seconds=_MEASURE_S):
    """Of one plain TCP stream from the origin's host to the superpeer's: two links of the full
    rate, and no rack between them."""
    source, target = network.hosts["origin"], network.hosts["superpeer"]
    with source.entered():
        listener = socket.create_server((source.address, _PORT))
    is_over = threading.Event()
    with listener:
        sender = threading.Thread(target=_send, args=(listener, is_over), daemon=True)
        sender.start()
        with target.entered():
            stream = socket.create_connection((source.address, _PORT), timeout=10)
        with stream:
            _receive(stream, _WARM_S)
            count, took = _receive(stream, seconds)
        is_over.set()
        sender.join(10)
    return count * 8e-6 / took


def _send(listener, is_over):
    stream, _ = listener.accept()
    data = bytes(_BUFFER)
    with stream:
        try:
            while not is_over.is_set():
                stream.sendall(data)
        except OSError:
            return  # the receiver has seen enough


def _receive(stream, seconds):
    """Bytes, and the seconds they took."""
    buffer = bytearray(_BUFFER)
    start = now = time.monotonic()
    count = 0
    while now - start < seconds:
        count += stream.recv_into(buffer)
        now = time.monotonic()
    return count, now - start


def of_readers(plan, goodput_mbit):
    """Each reader's own limit in seconds, from its start; None when links are unshaped.

    The largest of: the file over the origin's link; over the reader's; over the link of its rack;
    and, when all start together, the copies of all readers with links as fast as this one or
    faster (slower ones may have theirs later) over the uplinks of all: origin, superpeer, readers.
    """
    if not plan.is_shaped:
        return None
    per_mbit = goodput_mbit * 1e6 / 8 / plan.rate_mbit
    rates = [plan.reader_mbit(reader) for reader in range(plan.readers)]
    uplinks = 2 * plan.rate_mbit + sum(rates)
    limits = []
    for rate in rates:
        links = [plan.rate_mbit, rate]
        if plan.racks:
            links.append(plan.rack_mbit)
        if not plan.stagger_s:
            links.append(uplinks / sum(other >= rate for other in rates))
        limits.append(plan.size / (min(links) * per_mbit))
    return limits
