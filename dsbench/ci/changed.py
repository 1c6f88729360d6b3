"""The model directories that a list of changed files touches."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from dsbench.base.ask import ask
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import last_line
from dsbench.model.layout import ModelLayout

_GIT_SECONDS = 120
_NO_COMMIT = re.compile("0{40}|0{64}")
_FETCH = "fetch enough history: actions/checkout with `fetch-depth: 2` for HEAD^1, `fetch-depth: 0` for any other"
_TRUST = 'the folder belongs to another user: run `git config --global --add safe.directory "$PWD"` in a step before'
_CHECKOUT = "install git and run in a checkout of the repository, or give --changed-files or --model-dirs"


def changed_since(revision: str, start: Path) -> tuple[str, ...]:
    """Files below ``start`` that differ between ``revision`` and the checked-out commit, relative to ``start``.

    A revision of zeros stands for no commit, as GitHub and GitLab give it for a new branch: every file differs. Raises
    USAGE if git does not know the revision, if ``start`` is in no repository that git reads, or without git.
    """
    git = ("git", "-C", str(start), "-c", "core.quotepath=true")
    # in no repository `git diff` compares two files instead
    repository = ask((*git, "rev-parse", "--git-dir"), _GIT_SECONDS)
    if repository.returncode != 0:
        said = repository.failure or next(iter(repository.stderr.splitlines()), "no message")
        trust = "dubious ownership" in said
        raise _refused(f"git cannot read the repository: {said}", _TRUST if trust else _CHECKOUT)
    before = _no_files(git) if _NO_COMMIT.fullmatch(revision) else revision
    names = ("diff", "--name-only", "--no-renames", "--relative", "--end-of-options", before, "HEAD", "--")
    reply = ask((*git, *names), _GIT_SECONDS)
    if reply.returncode != 0:
        said = reply.failure or last_line(reply.stderr, "no message")
        raise _refused(f"git cannot compare HEAD with {revision!r}: {said}", _FETCH)
    return tuple(_unquoted(line) for line in reply.stdout.splitlines() if line)


def _no_files(git: Sequence[str]) -> str:
    """git's name of a tree without files."""
    return ask((*git, "hash-object", "-t", "tree", os.devnull), _GIT_SECONDS).stdout.strip()


def _refused(what: str, fix: str) -> DsbenchError:
    return DsbenchError(Code.USAGE, what, where="--changed-since", fix=fix)


def _unquoted(line: str) -> str:
    """A path as git prints it: in quotes, with octal escapes, if it has bytes other than printable ASCII."""
    if not (len(line) > 1 and line.startswith('"') and line.endswith('"')):
        return line
    return os.fsdecode(codecs.escape_decode(line[1:-1].encode("ascii"))[0])


def model_dirs_of(files: Iterable[str], start: Path) -> tuple[str, ...]:
    """The model directory of each changed file, each once, relative to ``start``.

    A model directory is the outermost folder of the file's path, below ``start``, that has an ONNX file, by itself or
    in ``model/``, or ``config/labels.txt``, or dsbench.toml. The path itself may be that folder: git names a changed
    link or submodule like a file. ``start`` counts only with ``model/*.onnx`` or dsbench.toml, because a stray file at
    the top of a repository makes it no model. A file in no such folder counts for nothing.
    """
    here = ModelLayout.at(os.curdir, start)
    if here.settings_file.is_file() or _has_onnx(here.onnx_dir):
        return (os.curdir,) if any(files) else ()
    found: dict[str, None] = {}
    for name in files:
        parts = Path(os.path.normpath(name)).parts
        if not parts or os.path.isabs(name) or parts[0] == os.pardir:
            continue
        folders = (os.path.join(*parts[:depth]) for depth in range(1, len(parts) + 1))
        mine = next((folder for folder in folders if _is_model_dir(ModelLayout.at(folder, start))), None)
        if mine is not None:
            found[mine] = None
    return tuple(found)


def _is_model_dir(layout: ModelLayout) -> bool:
    """A folder whose ONNX file lies in the wrong place counts too: its pre-flight says so."""
    return (
        layout.settings_file.is_file()
        or layout.labels.is_file()
        or _has_onnx(layout.root)
        or _has_onnx(layout.onnx_dir)
    )


def _has_onnx(folder: Path) -> bool:
    return any(path.suffix.lower() == ".onnx" for path in folder.glob("*"))
