"""Inputs of ``dsbench ci``; imports nothing heavy, because ``dsbench --help`` reads them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CiInput:
    """One input: an option of ``dsbench ci``, else an environment variable, as the action sets it."""

    name: str
    help: str

    @property
    def variable(self) -> str:
        return f"DSBENCH_{self.name.replace('-', '_').upper()}"


INPUTS = (
    CiInput("model-dirs", "model directories or shell globs, one a line"),
    CiInput("changed-files", "changed files, one a line: the model directories that they lie in are taken"),
    CiInput("changed-since", "a git revision: the model directories with changes since then are taken"),
    CiInput("scope", "all, or import: the steps that need no benchmark (default: all)"),
    CiInput("runtime", "as pytest's --runtime"),
    CiInput("video", "as pytest's --video"),
    CiInput("min-streams", "as pytest's --min-streams"),
    CiInput("baseline", "as pytest's --baseline"),
    CiInput("arguments", "more arguments for pytest, quoted as in a shell"),
)
"""Every input, in the order of the help, of action.yml and of docs/ci.md."""
