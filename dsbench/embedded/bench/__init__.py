"""Benchmark runs: threads, their configuration, the fast engine, throughput of the model alone."""
