"""The demo: a real file from a real origin onto many peers at once. Run it as tools/demo."""

import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path[0] = str(TREE / "tools")

# pylint: disable=wrong-import-position
from cluster import content, failover, keeping, screen
from cluster.cluster import Cluster, CommandFailed, Programs
from cluster.web import HttpFailed
from cluster.nginx import NginxMissing, NginxOrigin
from cluster.process import ProcessEnded
from cluster.waiting import Deadline, until

BUCKET = "demo"
KEY = "object.bin"
LOG_SECONDS = 3  # nginx writes its log a moment after the last byte
# With --kill-tracker the bucket's policy limits reads of the origin, or the download would be over
# before it is noticed that a tracker is gone: about so long for the whole file.
KILL_SECONDS = 12


class DemoFailed(Exception):
    """The demo cannot go on, for a reason that its user can do something about."""


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="tools/demo", description="Installs, builds, and puts a real file from an HTTP origin "
        "onto many peers at once, on this machine; every copy is compared with the origin's.",
        epilog="Exit codes: 0 all copies are right; 1 one is wrong or missing, or something "
        "failed; 2 a wrong argument; 130 interrupted. TYTO_BIN_DIR: a build folder to use as it "
        "is, without installing and building.")
    parser.add_argument("--readers", type=_count, default=8, metavar="N",
                        help="peers that fetch the file at once (default 8)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--size-mib", type=_count, default=256, metavar="N",
                      help="size of the file that is packed from this machine (default 256)")
    what.add_argument("--file", type=_file, metavar="PATH", help="this file instead")
    parser.add_argument("--trackers", type=_count, default=1, metavar="N",
                        help="trackers that share the work (default 1, at most 8)")
    parser.add_argument("--kill-tracker", action="store_true",
                        help="kill -9 for the tracker that serves most peers, when a third of all "
                        "bytes is there, and a time line of what happens; the bucket's policy "
                        f"reads the origin in about {KILL_SECONDS} s (needs --trackers 2 or more)")
    parser.add_argument("--keep", action="store_true",
                        help="leave the cluster up, and print its addresses")
    parser.add_argument("--stop", metavar="FOLDER", type=pathlib.Path,
                        help="stop a cluster that was kept, and do nothing else")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="write the figures here")
    parser.add_argument("--timeout", type=_count, default=900, metavar="SECONDS",
                        help="for the download (default 900)")
    parser.add_argument("--no-deps", action="store_true", help="do not install packages")
    arguments = parser.parse_args()
    if arguments.trackers > 8:
        parser.error(f"argument --trackers: expected 1 to 8, got {arguments.trackers}")
    if arguments.kill_tracker and arguments.trackers < 2:
        parser.error("argument --kill-tracker: needs --trackers 2 or more, so that one is left to "
                     "go on with; try --trackers 3")
    if arguments.json and not arguments.json.absolute().parent.is_dir():
        parser.error(f"argument --json: there is no folder {arguments.json.absolute().parent}")
    return arguments


def _count(text):
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got '{text}'")
    return number


def _file(text):
    path = pathlib.Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"'{text}' is not a file")
    if path.stat().st_size == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is empty; take one with content")
    if not os.access(path, os.R_OK):
        raise argparse.ArgumentTypeError(f"'{text}' cannot be read")
    return path.resolve()


def build(arguments):
    """Returns the build folder, with all programs in it."""
    given = os.environ.get("TYTO_BIN_DIR")
    if not given:
        if not arguments.no_deps:
            _run([TREE / "tools" / "deps"])
        print("building (preset release) ...", flush=True)
        _run(["cmake", "--preset", "release"], is_quiet=True)
        _run(["cmake", "--build", "--preset", "release", "-j2", "--target", "tyto-tracker",
              "tyto-superpeer", "tyto"])
    folder = pathlib.Path(given or TREE / "build" / "release").resolve()
    missing = Programs(folder).missing()
    if missing:
        raise DemoFailed(f"there is no {missing[0]}; build it, or leave TYTO_BIN_DIR unset")
    return folder


def _run(command, is_quiet=False):
    done = subprocess.run([str(part) for part in command], cwd=TREE, check=False,
                          capture_output=is_quiet)
    if done.returncode != 0:
        if is_quiet:
            sys.stderr.buffer.write(done.stdout + done.stderr)
        raise DemoFailed(f"{command[0]} failed with exit code {done.returncode}; see above")


def check_room(folder, size, readers):
    """Each reader has the file and, while it fetches, its chunks; so have origin and superpeer."""
    needed = size * (2 * readers + 2)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DemoFailed(f"{folder} has {screen.human(free)} free, and this takes "
                         f"{screen.human(needed)}; set TMPDIR to a larger disk, or ask for fewer "
                         "or smaller copies")


def make_object(arguments, root):
    """Puts the object into the origin's folder; returns its path."""
    root.mkdir()
    path = root / KEY
    if arguments.file:
        path.symlink_to(arguments.file)
    else:
        print(f"packing {arguments.size_mib} MiB of this machine's files ...", flush=True)
        content.pack(path, arguments.size_mib * screen.MIB)
    return path


def start(cluster, root, arguments):
    """The cluster without its readers."""
    cluster.origin = NginxOrigin(cluster.folder, root, dies_with_parent=cluster.dies_with_parent)
    if arguments.trackers == 1:
        cluster.trackers = [cluster.start_tracker()]
    else:
        cluster.start_trackers(arguments.trackers)
    cluster.start_superpeer(*_other_trackers(cluster, "--trackers"))
    print(f"origin   nginx at {cluster.origin.url}", end="")
    policy = []
    if arguments.kill_tracker:
        rate = max(1, (root / KEY).stat().st_size // KILL_SECONDS)
        file = cluster.folder / "policy.toml"
        file.write_text(f'[origin]\nrate = "{rate} B/s"\n')
        policy = ["--policy", file]
        print(f", read at {rate / 1e6:.1f} MB/s at most (the bucket's origin.rate)", end="")
    print()
    cluster.create_bucket_at_each(BUCKET, cluster.origin.url, *policy)
    for tracker in cluster.trackers:
        print(f"tracker  rpc {tracker.rpc}, http {tracker.http}")
    print("and one superpeer", flush=True)


def _other_trackers(cluster, flag):
    return [part for tracker in cluster.trackers[1:] for part in (flag, tracker.rpc)]


class Fetched:
    """What came of a download: its readers, its wall time, and its time line."""

    def __init__(self):
        self.readers = []
        self.wall = 0.0  # from the first start to the last end
        self.timeline = failover.Timeline()
        self.kill = None


def fetch(cluster, arguments):
    """All readers at once."""
    names = [f"peer-{i + 1}" for i in range(arguments.readers)]
    print(f"{arguments.readers} peers fetch {BUCKET}/{KEY}:", flush=True)
    fetched = Fetched()
    flags = _other_trackers(cluster, "--tracker")
    fetched.readers = readers = [
        cluster.get(f"{BUCKET}/{KEY}", name, flags, linger="720h") for name in names]
    fetched.timeline.note(f"{len(readers)} readers are started")
    if arguments.kill_tracker:
        fetched.kill = failover.TrackerKill(cluster, readers, fetched.timeline)
    progress = screen.Progress(names)

    def are_over():
        progress.show([reader.progress() for reader in readers])
        if fetched.kill:
            fetched.kill.look(readers)
        return all(reader.summary or not reader.process.is_alive for reader in readers)

    try:
        until(are_over, arguments.timeout, "all peers have the file", every=0.1)
        fetched.timeline.note("the last reader is done")
    except Deadline as error:
        print(f"tools/demo: {error}", file=sys.stderr)
    fetched.wall = fetched.timeline.now()
    progress.show([reader.progress() for reader in readers], is_end=True)
    for reader in readers:
        if not reader.summary:
            print(f"tools/demo: {reader.name} has no file (exit code {reader.process.exit_code}):\n"
                  f"{reader.process.log_tail()}", file=sys.stderr)
    return fetched


def compare(readers, source):
    """Whether each reader's copy has the origin's SHA-256."""

    def digest(path):
        return content.sha256(path) if path.exists() else None

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        expected, *copies = pool.map(digest, [source, *(r.output for r in readers)])
    return [bool(r.summary) and copy == expected for r, copy in zip(readers, copies)]


def origin_bytes(cluster):
    """What nginx sent of the object, once its log has all that the tracker knows of."""
    known = sum(cluster.delivered(tracker)["origin"] for tracker in cluster.trackers
                if tracker.process.is_alive)
    try:
        until(lambda: cluster.origin.bytes_sent(KEY) >= known, LOG_SECONDS, "nginx logs")
    except Deadline:
        pass
    return cluster.origin.bytes_sent(KEY)


def figures(cluster, fetched, verified, size):
    """What --json writes."""
    readers, kill = fetched.readers, fetched.kill
    summaries = [reader.summary for reader in readers if reader.summary]
    seconds = sorted(summary["seconds"] for summary in summaries)
    chunk = cluster.object(BUCKET, KEY)["chunk_bytes"] if summaries else 1
    sent = origin_bytes(cluster)
    came = {kind: sum(summary["bytes_from"][kind] for summary in summaries)
            for kind in ("peer", "superpeer", "origin")}
    return {
        "readers": len(readers),
        "object_bytes": size,
        "verified": sum(verified),
        "seconds_p50": _percentile(seconds, 50),
        "seconds_p99": _percentile(seconds, 99),
        "seconds_max": seconds[-1] if seconds else None,
        "seconds_wall": round(fetched.wall, 3),
        "origin_bytes": sent,
        "amplification": round(sent / (math.ceil(size / chunk) * chunk), 4),
        "bytes_from": came,
        "trackers": len(cluster.trackers),
        "killed": _killed(kill) if kill and kill.victim else None,
    }


def _killed(kill):
    return {
        "tracker": f"t{kill.victim}",
        "at_seconds": round(kill.killed_at, 3),
        "readers": len(kill.moved) + len(kill.moving),
        "readers_moved": len(kill.moved),
        "seconds_until_all_moved": round(max(kill.moved.values(), default=0.0), 3),
        "longest_pause_seconds": round(kill.longest_pause[0], 3),
    }


def _percentile(ordered, percent):
    """By nearest rank."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def report(result, fetched, verified):
    readers = fetched.readers
    rows = list(zip([reader.name for reader in readers], [reader.summary for reader in readers],
                    verified))
    print()
    screen.print_table(rows)
    delivered = result["object_bytes"] * result["verified"]
    print(f"\n  {result['verified']} of {result['readers']} copies have the origin's SHA-256\n"
          f"  origin sent {screen.human(result['origin_bytes'])}: amplification "
          f"{result['amplification']:.3f} (1 is each byte once)\n"
          f"  wall time {result['seconds_wall']:.2f} s, "
          f"{delivered / result['seconds_wall'] / 1e6:.0f} MB/s delivered in all")


    if fetched.kill:
        _report_kill(result, fetched)


def _report_kill(result, fetched):
    print("\n  what happened, in seconds after the start:")
    for seconds, text in fetched.timeline.events:
        print(f"  {seconds:7.1f}  {text}")
    kill = fetched.kill
    if kill.victim is None:
        print("           no tracker was killed: the download was over, or ended, before")
        return
    if kill.moving:
        print(f"           {len(kill.moving)} readers of the killed tracker went to no other one: "
              + ", ".join(sorted(kill.moving)))
    pause, name = kill.longest_pause
    print(f"           the longest time without a byte after the kill: {pause:.1f} s ({name})\n"
          f"           the origin was read {result['amplification']:.3f} times")


def where_next(cluster, is_kept):
    if is_kept:
        tyto = cluster.programs.tyto
        print(f"\nthe cluster goes on; its files and logs are in {cluster.folder}\n"
              f"  {tyto} peers --api http://{cluster.tracker.http}\n"
              f"  {tyto} stat {BUCKET}/{KEY} --api http://{cluster.tracker.http}\n"
              f"  {tyto} get {BUCKET}/{KEY} -o copy.bin --tracker {cluster.tracker.rpc}\n"
              f"  curl http://{cluster.tracker.http}/api/v1/cluster\n"
              f"  curl http://{cluster.tracker.http}/metrics\n"
              f"stop it with\n  tools/demo --stop {cluster.folder}")
    else:
        print("\nwhere next: README.md has a tour by hand, docs/ the parts in detail; "
              "tools/demo --keep leaves\nthe cluster up to look at, tools/demo --help has the "
              "other options.")


def run(arguments):
    programs = build(arguments)
    parent = tempfile.gettempdir()
    size = arguments.file.stat().st_size if arguments.file else arguments.size_mib * screen.MIB
    check_room(parent, size, arguments.readers)
    with Cluster(programs, parent, dies_with_parent=not arguments.keep) as cluster:
        try:
            source = make_object(arguments, cluster.folder / "origin")
            start(cluster, source.parent, arguments)
            fetched = fetch(cluster, arguments)
            verified = compare(fetched.readers, source)
            result = figures(cluster, fetched, verified, size)
        except (Deadline, ProcessEnded, CommandFailed, NginxMissing, HttpFailed) as error:
            raise DemoFailed(str(error)) from error
        report(result, fetched, verified)
        if arguments.json:
            arguments.json.write_text(json.dumps(result, indent=2) + "\n")
        where_next(cluster, arguments.keep)
        if arguments.keep:
            keeping.leave_up(cluster)
        was_killed = fetched.kill is None or fetched.kill.victim is not None
        return 0 if all(verified) and was_killed else 1


def main():
    arguments = parse_arguments()
    # Whatever asks this process to end, it stops what it started. What it was told to ignore, by
    # nohup say, it ignores.
    for which in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(which) != signal.SIG_IGN:
            signal.signal(which, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    try:
        if arguments.stop:
            keeping.stop(arguments.stop)
            return 0
        return run(arguments)
    except (DemoFailed, keeping.NotKept, OSError) as error:
        print(f"tools/demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ntools/demo: interrupted; what it had started is stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
