"""The two runtimes: launch a command, wait for it, read its files."""
