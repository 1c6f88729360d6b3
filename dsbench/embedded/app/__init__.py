"""The application: command line, plan, workers, main loop, sinks, PERF lines."""
