"""A case in the simulator: its scenario as a file, and the figures of its run."""

import dataclasses
import json
import pathlib
import subprocess

from versus.systems.system import Failed

_CALIBRATION = pathlib.Path(__file__).resolve().with_name("calibration.json")
_SECONDS_MAX = 600


@dataclasses.dataclass(frozen=True)
class Calibration:
    """What the model cannot know of the machine: fitted to the cases that are marked so."""

    goodput_share: float  # of one TCP stream's goodput: what many streams both ways bring
    latency_ms: float  # of a small message on a loaded link, one way; and as much again at random
    start_ms: float  # from a reader's exec to its first message

    @staticmethod
    def load():
        return Calibration(**json.loads(_CALIBRATION.read_text()))

    def keep(self):
        _CALIBRATION.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")


def scenario(case, plan, goodput_mbit, calibration):
    """The text of the scenario's file."""
    def rate(mbit):
        share = mbit / plan.rate_mbit * goodput_mbit * calibration.goodput_share
        return f'"{round(share * 1e6 / 8)} B/s"'

    def link(mbit):
        return f"up = {rate(mbit)}\ndown = {rate(mbit)}\n"

    latency = f'"{round(calibration.latency_ms * 1000)} us"'
    text = f'about = "{case.name} of tools/bench simreal"\n\n'
    text += f"[superpeers]\ncount = 1\n{link(plan.rate_mbit)}\n"
    if plan.racks:
        text += f"[racks]\ncount = {plan.racks}\n{link(plan.rack_mbit)}\n"
    text += f'[origin]\nrate = {rate(plan.rate_mbit)}\nlatency = {latency}\n\n'
    text += f"[latency]\nbase = {latency}\njitter = {latency}\n\n"
    text += "[tcp]\nslow_start = true\n\n"
    slow = [reader for reader in range(plan.readers) if plan.is_slow(reader)]
    fast = plan.readers - len(slow)
    text += f'[[readers]]\nname = "fast"\ncount = {fast}\n{link(plan.rate_mbit)}\n'
    if slow:
        text += (f'[[readers]]\nname = "slow"\ncount = {len(slow)}\nslow = true\n'
                 f"{link(plan.reader_mbit(slow[0]))}\n")
    text += f'[[objects]]\nkey = "object"\nsize = "{plan.size} B"\n\n'
    text += '[[reads]]\nwho = "readers"\nat = "100ms"\n'
    if plan.stagger_s:
        gap = plan.stagger_s / max(1, plan.readers - 1)
        text += f'arrival = "each"\ngap = "{round(gap * 1e6)} us"\n'
    if plan.killed is not None:
        text += (f'\n[[faults]]\nkind = "peer_crash"\nwho = "reader {plan.killed}"\n'
                 f'at = "{round(plan.kill_s * 1000) + 100} ms"\nlasts = "forever"\n'
                 '\n[expect]\nreads = "complete_or_fail"\nleases = "counted"\n'
                 "amplification_permille_max = 0\n")
    return text


def figures(build, folder, case, plan, goodput_mbit, calibration):
    """`sim_p50`, `sim_p99` in seconds, and `sim_amplification`."""
    file, out = folder / f"{case.name}.toml", folder / f"{case.name}.json"
    file.write_text(scenario(case, plan, goodput_mbit, calibration))
    ran = subprocess.run([build / "sim" / "tyto-sim", "run", file, "--json", out],
                         capture_output=True, text=True, timeout=_SECONDS_MAX, check=False)
    if ran.returncode != 0:
        raise Failed(f"the simulator, with {case.name}: exit code {ran.returncode}\n"
                     f"{ran.stdout}{ran.stderr}")
    run = json.loads(out.read_text())
    expected = len(plan.survivors)
    if run["reads"]["complete"] < expected:
        raise Failed(f"the simulator, with {case.name}: {run['reads']['complete']} reads of "
                     f"{expected} were complete")
    seconds = run["times"][0]["seconds"]
    start_s = calibration.start_ms / 1000
    return {"sim_p50": seconds["p50"] + start_s, "sim_p99": seconds["p99"] + start_s,
            "sim_amplification": run["amplification"], "sim_event_hash": run["event_hash"]}
