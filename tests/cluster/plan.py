"""A plan of faults, drawn by a seed: for real processes and, as a scenario, for the simulator."""

import random
from dataclasses import dataclass, field

MIB = 1 << 20
RACKS = 3
KINDS_OF_TRACKERS = ("tracker_crash", "tracker_freeze", "tracker_cut", "tracker_apart",
                     "tracker_deaf", "tracker_mute")
KINDS_OF_PEERS = ("peer_crash", "peer_freeze", "control_cut")
ORIGIN_BYTES_PER_S = 4_000_000  # so that there is a mid-download for faults to come in


@dataclass(frozen=True)
class Fault:
    """`kind` and its meaning are the simulator's; see docs/scenarios.md."""

    kind: str
    who: str  # "tracker 1", "superpeer 0", "reader 3"
    at_ms: int
    lasts_ms: int | None  # None: for good

    @property
    def end_ms(self):
        return None if self.lasts_ms is None else self.at_ms + self.lasts_ms

    def toml(self):
        role, number = self.who.split()
        where = f"tracker = {number}" if role == "tracker" else f'who = "{self.who}"'
        lasts = "" if self.lasts_ms is None else f'lasts = "{self.lasts_ms} ms"\n'
        return f'[[faults]]\nkind = "{self.kind}"\n{where}\nat = "{self.at_ms} ms"\n{lasts}'

    def text(self):
        until = "for good" if self.lasts_ms is None else f"for {self.lasts_ms} ms"
        return f"{self.at_ms} ms: {self.kind} of {self.who}, {until}"


@dataclass(frozen=True)
class Plan:
    """Who takes part, and what happens to them; milliseconds after the readers are started."""

    seed: int
    trackers: int
    superpeers: int
    readers: int
    size: int
    faults: list = field(default_factory=list)

    def toml(self):
        """As a scenario for tyto-sim."""
        return (f'about = "plan {self.seed} of the cluster tests"\n\n'
                f"[trackers]\ncount = {self.trackers}\n\n"
                f"[superpeers]\ncount = {self.superpeers}\n\n"
                f"[readers]\ncount = {self.readers}\n\n"
                f"[racks]\ncount = {RACKS}\n\n"
                f'[origin]\nrate = "{ORIGIN_BYTES_PER_S} B/s"\n\n'
                f'[[objects]]\nkey = "k"\nsize = "{self.size // MIB} MiB"\n\n'
                # Faults may cost reads of the origin: they are counted, not bounded.
                '[expect]\nleases = "counted"\namplification_permille_max = 0\n\n'
                + "\n".join(fault.toml() for fault in self.faults))

    def is_lost(self, who):
        """Whether this one is killed and does not come back."""
        return any(fault.who == who and fault.lasts_ms is None for fault in self.faults)


def draw(seed):
    """The same plan for the same seed. One tracker at least is never touched; so is one reader."""
    lot = random.Random(seed)
    trackers, superpeers, readers = lot.randint(2, 3), lot.randint(1, 2), lot.randint(4, 6)
    faults, hurt = [], set()
    for _ in range(lot.randint(2, 4)):
        role = lot.choice(("tracker", "tracker", "superpeer", "reader"))
        count = {"tracker": trackers - 1, "superpeer": superpeers, "reader": readers - 1}[role]
        who = f"{role} {lot.randrange(count)}"
        if who in hurt:  # one thing at a time
            continue
        hurt.add(who)
        kinds = KINDS_OF_TRACKERS if role == "tracker" else KINDS_OF_PEERS
        kind = lot.choice(kinds)
        lasts = lot.randrange(500, 4000, 50)
        may_be_lost = kind == "tracker_crash" or (kind == "peer_crash" and role == "reader")
        if may_be_lost and lot.random() < 0.3:
            lasts = None
        faults.append(Fault(kind, who, lot.randrange(500, 3500, 50), lasts))
    return Plan(seed, trackers, superpeers, readers, 16 * MIB,
                sorted(faults, key=lambda fault: fault.at_ms))
