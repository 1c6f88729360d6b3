"""What else is known about a run of the app and decides whether its figures can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.formats.telemetry import Series


@dataclass(frozen=True)
class RunContext:
    """Facts that the windows do not show. Times are seconds since the app's start, as in the windows and in the series.

    ``cores``: processors that the app may use, 0 if not known; ``builds``: begin and end of each engine build;
    ``due_s``: how long the run was to last, 0 if not known; ``ended_early_s``: when it was ended because its figures
    were known well enough, None if it lasted its time; ``confirms``: the run is to say whether its streams keep up with
    the target (run 2), not how fast they are (run 1); ``most_streams``: MAX_BS, 0 if not known.
    """

    telemetry: Series | None = None
    cores: int = 0
    builds: tuple[tuple[float, float], ...] = ()
    due_s: float = 0.0
    ended_early_s: float | None = None
    confirms: bool = True
    most_streams: int = 0
