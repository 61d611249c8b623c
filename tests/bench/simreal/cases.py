"""The cases that are run for real and in the simulator."""

import dataclasses

from versus.plan import Plan

KILL_SHARE = 0.5  # of the object's time over one link: when a source is killed


@dataclasses.dataclass(frozen=True)
class Case:
    """Readers of one object; whatever is not said is as in `tools/bench versus`."""

    name: str
    readers: int
    is_calibration: bool  # the model's constants were fitted to it
    stagger_share: float = 0.0  # readers come over this share of the object's time over one link
    racks: int = 0
    slow_readers: int = 0
    kills_a_source: bool = False

    def plan(self, size, rate_mbit):
        """What is run for real."""
        alone_s = size * 8e-6 / rate_mbit
        return Plan(readers=self.readers, rate_mbit=rate_mbit, size=size, systems=("tyto",),
                    racks=self.racks, rack_mbit=rate_mbit if self.racks else 0.0,
                    stagger_s=self.stagger_share * alone_s,
                    slow_share=self.slow_readers / self.readers,
                    killed=0 if self.kills_a_source else None, kill_s=KILL_SHARE * alone_s)


# Half of them for calibration: both ends, some that stagger, some with racks.
CASES = (
    Case("readers_2", 2, True),
    Case("readers_8", 8, False),
    Case("readers_16", 16, True),
    Case("staggered_2", 2, False, stagger_share=0.75),
    Case("staggered_8", 8, True, stagger_share=0.75),
    Case("staggered_16", 16, False, stagger_share=0.75),
    Case("two_racks", 8, True, racks=2),
    Case("one_slow", 8, False, slow_readers=1),
    Case("source_killed", 8, False, kills_a_source=True),
)
BY_NAME = {case.name: case for case in CASES}
