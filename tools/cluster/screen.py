"""What the demo shows: progress while it runs, and the table at the end."""

import os
import sys
import time

MIB = 1 << 20
_BAR = 32


def human(count):
    """Bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return ""


class Progress:
    """A bar per reader, drawn over and over on a terminal; elsewhere a line now and then."""

    def __init__(self, names, out=None):
        self._out = out or sys.stdout
        self._names = names
        self._is_terminal = self._out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._drawn = 0
        self._said_at = 0.0
        self._said = None
        self._start = time.monotonic()

    def show(self, rows, is_end=False):
        """`rows`: for each reader its progress as {done_bytes, total_bytes, seconds}."""
        if self._is_terminal:
            self._draw(rows)
        else:
            self._say(rows, is_end)

    def _draw(self, rows):
        text = f"\x1b[{self._drawn}A" if self._drawn else ""
        width = max(map(len, self._names))
        for name, row in zip(self._names, rows):
            share = _share(row)
            filled = int(share * _BAR)
            rate = row["done_bytes"] / row["seconds"] / 1e6 if row["seconds"] else 0
            text += (f"\r\x1b[2K  {name:<{width}} [{'#' * filled}{'.' * (_BAR - filled)}] "
                     f"{share * 100:3.0f}% {rate:7.1f} MB/s\n")
        self._out.write(text)
        self._out.flush()
        self._drawn = len(rows)

    def _say(self, rows, is_end):
        now = time.monotonic()
        shares = [int(_share(row) * 100) for row in rows]
        if (now - self._said_at < 1 and not is_end) or shares == self._said:
            return
        self._said_at, self._said = now, shares
        each = " ".join(f"{share:3d}%" for share in shares)
        print(f"  {now - self._start:6.1f} s  {each}", file=self._out, flush=True)


def _share(row):
    return min(1.0, row["done_bytes"] / row["total_bytes"]) if row["total_bytes"] else 0.0


def print_table(rows, out=None):
    """`rows`: (name, summary of its reader, whether its copy is right)."""
    out = out or sys.stdout
    titles = ("PEER", "SECONDS", "MB/S", "FROM PEERS", "FROM SUPERPEER", "FROM ORIGIN", "SHA-256")
    lines = [titles]
    for name, summary, is_right in rows:
        if summary is None:
            lines.append((name, "-", "-", "-", "-", "-", "NO FILE"))
            continue
        came = summary["bytes_from"]
        seconds = summary["seconds"]
        rate = summary["bytes"] / seconds / 1e6 if seconds else 0
        lines.append((name, f"{seconds:.2f}", f"{rate:.1f}", human(came["peer"]),
                      human(came["superpeer"]), human(came["origin"]),
                      "same" if is_right else "WRONG"))
    widths = [max(len(line[i]) for line in lines) for i in range(len(titles))]
    for line in lines:
        first, *others = (f"{cell:>{width}}" for cell, width in zip(line, widths))
        print("  " + line[0].ljust(widths[0]), *others, sep="  ", file=out)
    out.flush()
