"""The CI service of a session: keeps its commands out of what is printed, and gives it the results at the end."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dsbench.base.errors import DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.text import console
from dsbench.ci import escape, outputs, summary
from dsbench.ci.annotations import annotations_of
from dsbench.ci.outcome import ERROR, SessionOutcome

GITHUB, GITLAB, NONE = "github", "gitlab", "none"
_DETECTED_BY = (("GITHUB_ACTIONS", GITHUB), ("GITLAB_CI", GITLAB))

Print = Callable[[str], None]


def detect(choice: str, environment: Mapping[str, str] | None = None) -> str:
    """The service that ``--ci`` chooses; ``auto`` looks at the variables that GitHub and GitLab set."""
    variables = os.environ if environment is None else environment
    if choice != "auto":
        return choice
    return next((service for name, service in _DETECTED_BY if variables.get(name) == "true"), NONE)


@dataclass
class CiService:
    """One session on one service. Nothing here raises: a CI file that cannot be written is a printed warning."""

    name: str
    start: Path
    """Where pytest was started."""
    say: Print
    """Prints one line past pytest's capture."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _token: str = ""

    def begin(self) -> None:
        """Make GitHub's runner take what follows for text: paths, logs and failures may look like commands."""
        if self.name == GITHUB:
            self._token = secrets.token_hex(16)
            self.say(escape.stop_commands(self._token))

    def end(self, session: SessionOutcome | None) -> None:
        """Give the results to the service; None: no step ran."""
        if self._token:
            self.say(escape.resume_commands(self._token))
            self._token = ""
        if session is None:
            return
        if self.name == GITHUB:
            self._github(session)
        elif self.name == GITLAB:
            self._outputs(outputs.outputs_of(session))

    def _github(self, session: SessionOutcome) -> None:
        workspace = Path(self.environment.get("GITHUB_WORKSPACE") or self.start)
        for one in annotations_of(session, self.start, workspace):
            self.say(one.command())
        self._outputs(outputs.outputs_of(session))
        self._append("GITHUB_STEP_SUMMARY", lambda size: summary.job_summary(session, self.environment, size))

    def without_run(self, word: str, text: str) -> None:
        """The results of a job whose run did not start (``error``), or that has no model to check."""
        failed = word == ERROR
        if self.name == GITHUB:
            self.say(escape.workflow_command("error" if failed else "notice", text, {"title": "dsbench"}))
            shown = summary.failed_start(text) if failed else summary.nothing_to_do(text)
            self._append("GITHUB_STEP_SUMMARY", lambda _: shown)
        self._outputs(outputs.outputs_without_run(word))

    def _outputs(self, values: Mapping[str, str]) -> None:
        if self.name == GITHUB:
            self._append("GITHUB_OUTPUT", lambda _: outputs.github_text(values))
        elif self.name == GITLAB:
            try:
                replace_file(self.start / outputs.DOTENV, outputs.dotenv_text(values).encode())
            except DsbenchError as error:
                self._warn(f"{outputs.DOTENV} was not written: {error.what}")

    def _append(self, variable: str, text: Callable[[int], str]) -> None:
        """Append to the file that a variable names; ``text`` gets the bytes that a summary may still have."""
        path = self.environment.get(variable)
        if not path:
            return
        try:
            size = os.path.getsize(path) if os.path.exists(path) else 0
            if size < summary.MAX_BYTES:
                summary.append(Path(path), text(summary.MAX_BYTES - size))
        except OSError as error:
            self._warn(f"the file of {variable} was not written: {error.strerror}")

    def _warn(self, text: str) -> None:
        if self.name == GITHUB:
            self.say(escape.workflow_command("warning", text, {"title": "dsbench"}))
        else:
            print(f"dsbench: {console(text)}", file=sys.stderr)
