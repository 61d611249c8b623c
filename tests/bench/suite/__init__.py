"""`tools/bench all`: every documented run, and how it stands to its bars."""
