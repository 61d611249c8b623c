"""One of several trackers is killed in mid-download, and what that does is written down."""

import time

from cluster import web

# Of all bytes that the readers are to get, when the tracker is killed.
KILL_AT = 1 / 3


class Timeline:
    """What happened, and how many seconds after the start."""

    def __init__(self):
        self._start = time.monotonic()
        self.events = []  # (seconds, text)

    def now(self):
        return time.monotonic() - self._start

    def note(self, text):
        self.events.append((self.now(), text))


class TrackerKill:
    """Kills the tracker that serves most readers, once a third of all bytes is there.

    look() is to be called often, with the progress of each reader; it never waits for long.
    """

    def __init__(self, cluster, readers, timeline):
        self._cluster, self._timeline = cluster, timeline
        self._names = {reader.name for reader in readers}
        self._grown = {name: (0, timeline.now()) for name in self._names}  # bytes, since when
        self._members_known = False
        self._has_begun = False
        self.victim = None  # its number
        self.killed_at = None
        self.moving = set()  # readers of it that no other tracker has yet
        self.moved = {}  # name -> seconds after the kill
        self.longest_pause = (0.0, None)  # seconds without a byte after the kill, whose

    def look(self, readers):
        progress = {reader.name: reader.progress() for reader in readers}
        if not self._has_begun and any(row["done_bytes"] for row in progress.values()):
            self._has_begun = True
            self._timeline.note("the first bytes are there")
        done = sum(row["done_bytes"] for row in progress.values())
        total = max(row["total_bytes"] for row in progress.values()) * len(readers)
        if self.victim is None and total and done >= total * KILL_AT:
            self._kill()
        self._watch_pauses(progress)
        if self.victim is not None:
            self._watch_survivors()

    def survivors(self):
        return [tracker for index, tracker in enumerate(self._cluster.trackers)
                if index != self.victim]

    def _kill(self):
        served = [self._served_by(tracker) for tracker in self._cluster.trackers]
        index = max(range(len(served)), key=lambda i: len(served[i]))
        self._cluster.trackers[index].process.kill()
        self.victim, self.killed_at = index, self._timeline.now()
        self.moving = set(served[index])
        each = ", ".join(f"t{i} {len(names)}" for i, names in enumerate(served))
        self._timeline.note(f"tracker t{self.victim} is killed (kill -9); readers by tracker: "
                            f"{each}")
        self._cluster.tracker = self.survivors()[0]
        self._grown = {name: (count, self.killed_at) for name, (count, _) in self._grown.items()}

    def _watch_pauses(self, progress):
        now = self._timeline.now()
        for name, row in progress.items():
            count, since = self._grown[name]
            is_done = row["total_bytes"] and count >= row["total_bytes"]
            if self.victim is not None and not is_done:
                self.longest_pause = max(self.longest_pause, (now - since, name))
            if row["done_bytes"] > count:
                self._grown[name] = (row["done_bytes"], now)

    def _watch_survivors(self):
        if not self._members_known and self._members_are(len(self.survivors())):
            self._members_known = True
            self._timeline.note("the other trackers go on without it: its chunks and peers are "
                                "theirs")
        if not self.moving:
            return
        found = set().union(*(self._served_by(tracker) for tracker in self.survivors()))
        for name in sorted(self.moving & found):
            self.moved[name] = self._timeline.now() - self.killed_at
        self.moving -= found
        if not self.moving:
            self._timeline.note(f"all {len(self.moved)} readers of it are registered with the "
                                f"others, {min(self.moved.values()):.1f} to "
                                f"{max(self.moved.values()):.1f} s after the kill")

    def _members_are(self, count):
        try:
            pictures = [web.get_json(one.http, "/api/v1/cluster", 2) for one in self.survivors()]
        except web.HttpFailed:
            return False
        return all(len(picture["cluster"]["members"]) == count for picture in pictures)

    def _served_by(self, tracker):
        try:
            peers = web.get_json(tracker.http, "/api/v1/peers?limit=1000", 2)["peers"]
        except web.HttpFailed:
            return set()
        return {peer["name"] for peer in peers if peer["is_connected"]} & self._names
