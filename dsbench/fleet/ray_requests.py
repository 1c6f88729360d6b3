"""What a task asks the driver. A request may come twice: Ray may restart the actor in between before it replies."""

from __future__ import annotations

from typing import Any

Request = tuple[str, str, int, Any]
"""Kind, id of the job, attempt, what the kind needs."""
BEGIN = "begin"
"""(host, Ray's id of the node): may this attempt run?"""
SAY = "say"
"""A text for the live table."""
FILE = "file"
"""(SHA-256, offset): a chunk of an input file, or a text that says why there is none."""
RESULTS = "results"
"""(number from 0, pieces of the result directory)."""
END = "end"
"""All pieces were sent."""
