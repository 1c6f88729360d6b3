"""Where the clip of a recorded run is now."""

from __future__ import annotations

from pathlib import Path

from dsbench.base import reading
from dsbench.base.environment import COPY_OF_ROW
from dsbench.record.schema import Record


def find(record: Record, root: Path) -> Path | None:
    """The clip with the recorded content, None if it is nowhere: where the run found it, in the model directory
    ``root``, or in the directory that the run had a copy of, as jobs of a fleet have.

    A record without a hash of its clip has that of the first place with such a file.
    """
    if record.video is None:
        return None
    given, known = Path(record.video.path), record.file("video")
    inside = known.path if known else given.name
    homes = (root, *(Path(value) for name, value in record.environment if name == COPY_OF_ROW))
    places = (root / given, root / given.name, *(home / inside for home in homes))
    found = (path for path in places if path.is_file() and (known is None or reading.sha256(path) == known.sha256))
    return next(found, None)
