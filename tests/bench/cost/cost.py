"""What serving and receiving cost beside nginx and curl; see docs/benchmarks.md."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shlex
import statistics
import sys

TREE = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TREE / "tools"))

# pylint: disable=wrong-import-position
import cpu
import tiny
from cluster import content, web
from cluster.cluster import Cluster, CommandFailed
from cluster.nginx import NginxMissing, NginxOrigin
from cluster.process import ProcessEnded
from cluster.waiting import Deadline
from receiving import Receiving
from serving import Serving

BUCKET = "cost"
KEY = "object.bin"
SERVE_ROUNDS = 3  # to each of receiving: they are short, and what differs between servers is little
BARS = {"serve_ratio_nginx": 1.0, "receive_ratio_curl": 0.6, "tiny_ms_p50": 3.0}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/bench cost", description=__doc__)
    parser.add_argument("--size-mib", type=int, default=512, help="of the large object (512)")
    parser.add_argument("--rounds", type=int, default=5,
                        help="of which the median counts; of serving three times as many (5)")
    parser.add_argument("--repeat", type=int, default=2,
                        help="times that a round of serving goes over the object (2)")
    parser.add_argument("--tiny", type=int, default=500, help="objects of 1 KiB (500)")
    parser.add_argument("--cold", action="store_true",
                        help="receive into memory as it is found, rather than used just before")
    parser.add_argument("--folder", type=pathlib.Path,
                        help="where files are written and read (a temporary one)")
    parser.add_argument("--json", type=pathlib.Path, help="keep the figures in this file")
    parser.add_argument("--build", type=pathlib.Path, default=TREE / "build" / "release",
                        help=argparse.SUPPRESS)
    return parser.parse_args()


def in_turn(names, rounds, measure):
    """Measures each name once a round, in an order that turns; [{name: figures}, ...]"""
    rows = []
    for i in range(rounds):
        order = names if i % 2 == 0 else list(reversed(names))
        row = {name: measure(name) for name in order}
        rows.append(row)
        print("  " + "   ".join(f"{name} {row[name]['cpu_s_per_gb']:.3f}" for name in names),
              flush=True)
    return rows


def measure_all(cluster, arguments):
    root = cluster.folder / "root"
    root.mkdir()
    size = arguments.size_mib << 20
    content.pack(root / KEY, size)
    tiny.make_objects(root, arguments.tiny)
    programs = arguments.build / "tests" / "bench"
    nginx = cluster.origin = NginxOrigin(cluster.folder, root, directives="access_log off;")
    cluster.start_tracker()
    superpeer = cluster.start_superpeer("--store-bytes", str(4 * size))
    cluster.create_bucket(BUCKET, nginx.url, "--revalidate", "never")

    warm = cluster.get(f"{BUCKET}/{KEY}", "warm", linger=None)
    warm.process.wait(300)
    version = warm.summary["version"]
    warm.output.unlink()
    described = cluster.object(BUCKET, KEY)
    serving = Serving(cluster, programs, superpeer, nginx, version, chunks_of(described),
                      arguments.repeat)
    receiving = Receiving(cluster, nginx, f"{BUCKET}/{KEY}", size, warms=not arguments.cold)
    small = tiny.Tiny(cluster, programs, superpeer, BUCKET, arguments.tiny)
    print("serving, CPU-s/GB")
    served = in_turn(["tyto", "nginx"], SERVE_ROUNDS * arguments.rounds, serving.measure)
    print("receiving, verified and written, CPU-s/GB")
    received = in_turn(["tyto", "curl"], arguments.rounds, receiving.measure)
    rounds = {"serve": served, "receive": received,
              "tiny": [{order: small.measure(order) for order in ("as-read", "any")}
                       for _ in range(arguments.rounds)]}
    return summary(rounds)


def chunks_of(described):
    return described["chunks"] if isinstance(described["chunks"], int) else len(described["chunks"])


def median(rows, name, figure):
    return statistics.median(row[name][figure] for row in rows)


def ratio(rows, name, other):
    return statistics.median(row[name]["cpu_s_per_gb"] / row[other]["cpu_s_per_gb"] for row in rows)


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def summary(rounds):
    served, received, small = rounds["serve"], rounds["receive"], rounds["tiny"]
    ms = {order: [value for row in small for value in row[order]["ms"]]
          for order in ("as-read", "any")}
    return {
        "serve_ratio_nginx": ratio(served, "tyto", "nginx"),
        "receive_ratio_curl": ratio(received, "tyto", "curl"),
        "serve_gb_per_s": median(served, "tyto", "gb_per_s"),
        "receive_gb_per_s": median(received, "tyto", "gb_per_s"),
        "tiny_ms_p50": percentile(ms["as-read"], 50),
        "tiny_ms_p99": percentile(ms["as-read"], 99),
        "tiny_any_ms_p50": percentile(ms["any"], 50),
        "tiny_any_ms_p99": percentile(ms["any"], 99),
        "tiny_exchanges_per_object": median(small, "as-read", "exchanges_per_object"),
        "tiny_transfers_per_object": median(small, "as-read", "transfers_per_object"),
        "serve_cpu_s_per_gb": median(served, "tyto", "cpu_s_per_gb"),
        "nginx_cpu_s_per_gb": median(served, "nginx", "cpu_s_per_gb"),
        "receive_cpu_s_per_gb": median(received, "tyto", "cpu_s_per_gb"),
        "curl_cpu_s_per_gb": median(received, "curl", "cpu_s_per_gb"),
        "rounds": rounds,
    }


def machine():
    rows = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    models = [row.partition(":")[2].strip() for row in rows if row.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"processor": models[0] if models else platform.processor(),
            "cores": os.cpu_count(), "load_1_min": os.getloadavg()[0],
            "memory_gib": round(memory / 2**30, 1), "kernel": platform.release()}


def report(result):
    print()
    for name, value in result.items():
        if isinstance(value, float):
            bar = f"   (bar: {BARS[name]:g})" if name in BARS else ""
            print(f"{name:28} {value:9.3f}{bar}")


def main():
    arguments = parse_arguments()
    about = {"command": "tools/bench cost " + shlex.join(sys.argv[1:]), "machine": machine()}
    begun = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    try:
        with Cluster(arguments.build, arguments.folder) as cluster:
            result = measure_all(cluster, arguments)
    except (cpu.CommandFailed, CommandFailed, Deadline, NginxMissing, ProcessEnded,
            web.HttpFailed, OSError) as error:
        print(f"tools/bench cost: {error}", file=sys.stderr)
        return 1
    result = {**result, **about, "begun": begun}
    report(result)
    if arguments.json:
        rows = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in result.items()]
        arguments.json.write_text("{\n" + ",\n".join(rows) + "\n}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
