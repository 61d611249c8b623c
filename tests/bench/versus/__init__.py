"""`tools/bench versus`: one file to many readers over shaped links, by several systems in turn."""
