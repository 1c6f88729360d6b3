"""Sinks that deepstream-app cannot create, and what it prints about them.

Source: NVIDIA/DeepStream 9.1, src/apps/common/src/deepstream_sink_bin.c (create_sink_bin, create_render_bin,
create_encode_file_bin) and src/apps/sample_apps/deepstream-app/deepstream_app.c (create_pipeline).
"""

from __future__ import annotations

from dsbench.embedded import messages
from dsbench.formats.app import sinks
from dsbench.formats.app.config import AppConfig, Sink

_STEPS = (("create_sink_bin", 901), ("create_processing_instance", 1709), ("create_pipeline", 2474))


def report(config: AppConfig) -> bool:
    """Print deepstream-app's messages about the first sink that it cannot create; False if it creates all."""
    streams = 1 if config.tiled_display.enable else len(config.sources)
    made = [sink for sink in config.sinks if not sink.link_to_demux and 0 <= sink.source_id < streams]
    for sink in sorted(made, key=lambda sink: sink.source_id):
        why = _wrong(sink)
        if why:
            _print_failure(sink)
            messages.own(f"[{sink.group}] {why}")
            return True
    return False


def _wrong(sink: Sink) -> str:
    """What is wrong with the sink, or ""."""
    if sink.type == sinks.DRM:
        return "type=5 (DRM) exists on Jetson only: set type=1 (fakesink) or 3 (a file)"
    return sinks.unknown_value(sink)


def _print_failure(sink: Sink) -> None:
    if sink.type == sinks.DRM:
        messages.app_error("create_render_bin:73", "nvdrmvideosink is only supported for Jetson")
    elif sink.type == sinks.FILE:
        messages.app_error("create_encode_file_bin:520", "create_encode_file_bin failed")
    for function, line in _STEPS:
        messages.app_error(f"{function}:{line}", f"{function} failed")
