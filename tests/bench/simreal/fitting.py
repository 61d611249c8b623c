"""Fits the model's constants to the real runs of the calibration cases."""

import dataclasses

from simreal.simulated import Calibration

# What is tried of each, in turn, until nothing is better. No finer than runs repeat themselves.
_STEPS = {"goodput_share": 0.01, "latency_ms": 5.0, "start_ms": 25.0}
_BOUNDS = {"goodput_share": (0.85, 1.0), "latency_ms": (1.0, 60.0), "start_ms": (0.0, 500.0)}
_START = Calibration(goodput_share=0.98, latency_ms=15.0, start_ms=100.0)
_ROUNDS_MAX = 20


def fit(error_of):
    """The calibration for which `error_of(calibration)` is least, by coordinate descent."""
    best, least = _START, error_of(_START)
    for _ in range(_ROUNDS_MAX):
        before = best
        for name, step in _STEPS.items():
            for way in (-step, step):
                while True:
                    low, high = _BOUNDS[name]
                    value = min(high, max(low, round(getattr(best, name) + way, 6)))
                    tried = dataclasses.replace(best, **{name: value})
                    if tried == best:
                        break
                    error = error_of(tried)
                    if error >= least:
                        break
                    best, least = tried, error
        if best == before:
            break
    return best
