"""Where the user finds a key of their own nvinfer config."""

from __future__ import annotations

from dsbench.base.errors import DsbenchError
from dsbench.formats import keyfile
from dsbench.judge.imports.config_choices import PARSER, RuleChoice
from dsbench.steps.model_run import ModelRun
from dsbench.steps.nvinfer_config import NvinferConfigResult


def of_choice(model: ModelRun, choice: RuleChoice) -> str:
    """``config/config_infer_primary_net.txt:12``; empty for a generated config: it is written anew in every run."""
    written = model.find(NvinferConfigResult)
    if written is None or not written.users or choice.group == PARSER:
        return ""
    path = written.written.path
    shown = model.layout.given_path(path)
    if path.suffix in (".yml", ".yaml"):
        return shown
    try:
        group = keyfile.load(path).group(choice.group)
    except (DsbenchError, OSError):
        return shown
    entry = group.entry(choice.key) if group else None
    return f"{shown}:{entry.line}" if entry else shown
