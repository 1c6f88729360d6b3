"""``**PERF:`` lines: the log and the table of windows."""
