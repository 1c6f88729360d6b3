"""This machine: hardware, CUDA, NVML, telemetry, locks, processes of the app."""
