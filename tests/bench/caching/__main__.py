"""tools/bench caching: what each cache policy makes of a small store in a simulated fleet."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from plot import draw

TREE = pathlib.Path(__file__).resolve().parents[3]
POLICIES = ("lru", "least-rare", "hybrid", "ttl", "random")
# A store has room for one object in twenty; the fleet for each object five times.
PEERS, OBJECTS, ROOM_CHUNKS = 100, 400, 20
TTL_SECONDS = 150
HOT_FROM = 40

SCENARIO = """about = "{peers} peers with room for a twentieth of what they read, by Zipf's law"

[readers]
count = {peers}
store = "{room_kib} KiB"
up = "1 Gbit/s"
down = "1 Gbit/s"

[superpeers]
count = 0

[[objects]]
key = "object"
count = {objects}
size = "256 KiB"
published = true

[[reads]]
arrival = "poisson"
pick = "zipf"
zipf_permille = {zipf}
reads_each = {reads}
over = "{seconds} s"

[expect]
amplification_permille_max = 0

[bucket.policy.caching]
replacement = "{policy}"
copies_floor = {floor}
ttl = "{ttl} s"

[bucket.policy.selection]
hot_from = {hot_from}
"""


def scenario(policy, floor, zipf, reads):
    """All peers together read ten objects a second."""
    return SCENARIO.format(peers=PEERS, objects=OBJECTS, room_kib=ROOM_CHUNKS * 256, policy=policy,
                           floor=floor, zipf=zipf, reads=reads, seconds=reads * PEERS // 10,
                           ttl=TTL_SECONDS if policy == "ttl" else 0, hot_from=HOT_FROM)


def measure(program, policy, floor, zipf, reads):
    """Shares of the bytes that were asked for, by where they were."""
    with tempfile.TemporaryDirectory() as folder:
        file, out = pathlib.Path(folder) / "fleet.toml", pathlib.Path(folder) / "fleet.json"
        file.write_text(scenario(policy, floor, zipf, reads))
        subprocess.run([program, "run", file, "--json", out], check=True,
                       stdout=subprocess.DEVNULL)
        report = json.loads(out.read_text())
    [bucket] = report["traffic"]["buckets"]
    came = {name: bucket[f"from_{name}"] for name in ("own_store", "peers", "origin")}
    whole = sum(came.values())
    return {"policy": policy, "floor": floor, "zipf": zipf / 1000,
            "origin_mib": came["origin"] / (1 << 20),
            "amplification": report["amplification"],
            **{name: bytes_ / whole for name, bytes_ in came.items()}}


def main():
    parser = argparse.ArgumentParser(prog="tools/bench caching", description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=TREE / "build" / "release")
    parser.add_argument("--reads", type=int, default=300,
                        help="of each peer; the simulator ends a run after an hour, which 360 take")
    parser.add_argument("--zipf", default="800,1000", help="exponents, in thousandths")
    parser.add_argument("--json", type=pathlib.Path, help="where the figures go")
    parser.add_argument("--svg", type=pathlib.Path, help="where the plot goes")
    options = parser.parse_args()
    rows = []
    print("zipf  floor  policy      own store   peers  origin  origin MiB  read at the origin")
    for zipf in (int(text) for text in options.zipf.split(",")):
        for floor in (1, 0):
            for policy in POLICIES:
                row = measure(options.build / "sim" / "tyto-sim", policy, floor, zipf,
                              options.reads)
                rows.append(row)
                print(f"{row['zipf']:4.1f}  {floor:5}  {policy:11} {row['own_store']:8.1%} "
                      f"{row['peers']:8.1%} {row['origin']:7.1%} {row['origin_mib']:10.0f} "
                      f"{row['amplification']:10.2f} times", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    if options.svg:
        options.svg.write_text(draw(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
