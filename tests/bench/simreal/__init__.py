"""The simulator held against real runs of the same cases."""
