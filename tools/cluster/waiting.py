"""Waiting for something that is seen from outside, never longer than a stated time."""

import time


class Deadline(Exception):
    """Something did not happen in the time it was given."""


def until(condition, seconds, what, every=0.02):
    """Calls `condition` until it returns something true, and returns that.

    Raises Deadline, naming `what`, after `seconds`. `what` may be a function that gives the text,
    so that it can say how far things were.
    """
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            text = what() if callable(what) else what
            raise Deadline(f"not within {seconds:g} s: {text}")
        time.sleep(every)
