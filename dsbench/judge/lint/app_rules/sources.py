"""Rules about [sourceN]."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from dsbench.formats.app.config import Source
from dsbench.judge.lint.app_subject import MULTI_URI, RTSP, URI, AppSubject
from dsbench.judge.lint.finding import NOTE, WARNING
from dsbench.judge.lint.rule import Hit, LintRule, hit

_PICTURES = (".jpg", ".jpeg", ".png", ".bmp")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


def _written(subject: AppSubject) -> Iterator[tuple[Source, str]]:
    """Every source group that has a uri, once, with the uri as written."""
    seen: set[str] = set()
    for source in subject.config.sources:
        uri = subject.file.raw("uri", source.group) or source.uri
        if uri and source.group not in seen:
            seen.add(source.group)
            yield source, uri.strip()


def _none(subject: AppSubject) -> Iterator[Hit]:
    elsewhere = subject.file.path.suffix != ".txt"  # in a CSV file, which may not be here
    if not subject.config.sources and subject.config.primary_gie is not None and not elsewhere:
        yield hit()


def _scheme(subject: AppSubject) -> Iterator[Hit]:
    for source, uri in _written(subject):
        if source.type in (URI, MULTI_URI, RTSP) and not _SCHEME.match(uri):
            yield hit(uri, Path(uri).name, key="uri", group=source.group)


def _missing_uri(subject: AppSubject) -> Iterator[Hit]:
    named = {source.group for source, _ in _written(subject)}
    for source in subject.config.sources:
        if source.type in (URI, MULTI_URI, RTSP) and source.uri is None and source.group not in named:
            named.add(source.group)
            yield hit(source.group, key="type", group=source.group)


def _picture(subject: AppSubject) -> Iterator[Hit]:
    for source, uri in _written(subject):
        if urlsplit(uri).path.lower().endswith(_PICTURES):
            yield hit(uri, key="uri", group=source.group)


def _ignored_copies(subject: AppSubject) -> Iterator[Hit]:
    for group in subject.enabled("source"):
        copies = group.get("num-sources")
        if (group.get("type") or "").strip() == str(URI) and copies and copies.strip() not in ("0", "1"):
            yield hit(copies.strip(), key="num-sources", group=group.name)


def _dropped(subject: AppSubject) -> Iterator[Hit]:
    for group in {source.group: source for source in subject.config.sources}.values():
        if group.drop_frame_interval > 1:
            yield hit(group.drop_frame_interval, key="drop-frame-interval", group=group.group)


ROWS = (
    LintRule(
        "no-source",
        WARNING,
        "[sourceN]",
        _none,
        "no source is enabled: the app waits for ever",
        "set enable=1 in a [sourceN]",
    ),
    LintRule(
        "uri-scheme",
        WARNING,
        "[sourceN] uri",
        _scheme,
        "uri={0} has no scheme: GStreamer refuses it as an invalid URI",
        "write file:///path/to/{1}",
    ),
    LintRule(
        "uri-missing",
        WARNING,
        "[sourceN] type, uri",
        _missing_uri,
        "[{0}] has no uri: deepstream-app crashes",
        "add uri=file:///path/to/video",
    ),
    LintRule(
        "uri-picture",
        WARNING,
        "[sourceN] uri",
        _picture,
        "uri={0} is a picture: it gives one frame, then the end of the stream",
        "give a video, or make one of the picture",
        alone=NOTE,
    ),
    LintRule(
        "num-sources",
        WARNING,
        "[sourceN] type, num-sources",
        _ignored_copies,
        "num-sources={0} is ignored for type=2: there is one stream",
        "set type=3, or write one [sourceN] for each stream",
    ),
    LintRule(
        "drop-frames",
        NOTE,
        "[sourceN] drop-frame-interval",
        _dropped,
        "drop-frame-interval={0}: only one of {0} frames is decoded",
        "set drop-frame-interval=0 to see every frame",
    ),
)
