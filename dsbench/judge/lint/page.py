"""docs/lint.md, made from the catalogue: ``python -m dsbench.judge.lint.page > docs/lint.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from dsbench.judge.lint import catalogue, ignores
from dsbench.judge.lint.rule import LintRule

_HEAD = """\
# Lint

`dsbench lint FILE...` checks configs of nvinfer and of deepstream-app, `.txt` or `.yml`. It finds what DeepStream
accepts without an error, and what makes it fail later. Steps 6e and 7b apply the nvinfer rules to the configs of a
run.

```
$ dsbench lint config/pgie.txt config/app.txt
config/pgie.txt:9: warning: process-mode: process-mode=2 on a primary detector: it then runs on objects of ...
    fix: set process-mode=1
2 files checked: 1 warning
```

The kind of a file is recognised by its content; other files are skipped. An ONNX file, label file or parser library
that a config names is read if it is there, so that the config can be compared with it. A file that is not there is no
finding, unless its path is relative and a file of that name lies where a wrong base directory would lead. An app config
is checked together with the nvinfer config of its `[primary-gie]`. Nothing is executed. Of one rule at most 100
findings are listed for a file.

Exit status: 1 if there is an error or a warning, else 0. `--no-notes` leaves notes out, `--json` prints a list with
file, line, severity, rule, text, fix and page.

## Severities

- **error**: DeepStream stops, crashes, or loses every object. In a run the step fails.
- **warning**: the setting has no effect, or one that is hardly meant. In a run it is amber.
- **note**: a fact or a choice that may be meant. Where only the file is known, choices are notes; in a run, where the
  model is known and its result is judged, some of the same choices are warnings. The rules below give both severities.

## Ignoring a finding

`# dsbench: ignore[RULE]`, several rules separated by commas:

- on the line above the key, in both formats. In an ini file a comment behind a value would belong to the value;
- behind the value, in YAML;
- above the first group: for the whole file.

A comment that covers no finding, or names no rule, is itself a warning.

## With pre-commit

```yaml
repos:
  - repo: <URL of dsbench>
    rev: v0.1.0
    hooks:
      - id: dsbench-lint
```

## Measured on published configs

All `.txt` and `.yml` files of five public repositories were checked, without their models: NVIDIA/DeepStream (samples
of 9.1), NVIDIA-AI-IOT/deepstream_reference_apps, deepstream_tao_apps and deepstream_python_apps,
marcoslucianops/DeepStream-Yolo.
@FIGURES@
"""
_FIGURES = """\
262 files are nvinfer or deepstream-app configs. 256 have no error and no warning. The other six:

| file | finding |
|---|---|
| `dsipctest_sgie_config.yml` (two copies) | `gie-unique-id` is given twice with different values |
| `dstest2_pgie_config.yml` | keys of `class-attrs-all` are not indented, so nvinfer ignores them |
| `pgie_config_peoplenet.yml` of retail-analytics | `threshold` in a YAML config; nvinfer ignores it with a warning |
| `lpr_config_sgie_us.txt` (two copies) | `process_mode` is not `process-mode`; nvinfer warns too |"""
_OWN = {
    catalogue.UNREADABLE: (
        "error",
        "DeepStream refuses the file: it is no ini or YAML file, or a value is not allowed. The text is"
        " DeepStream's own. `[class-attrs-N]` of a class that is not there is among these.",
    ),
    catalogue.NVINFER_WARNING: (
        "warning",
        "What nvinfer itself prints about the file, where no rule explains it better.",
    ),
    ignores.UNUSED: ("warning", "A `# dsbench: ignore[...]` comment covers no finding, or names no rule."),
}


def render() -> str:
    """The whole page."""
    parts = [_HEAD.replace("@FIGURES@", _FIGURES), "## Rules of both\n"]
    parts += [f"### {rule}\n\n**{severity}**. {text}\n" for rule, (severity, text) in _OWN.items()]
    for title, rules in (("nvinfer configs", catalogue.NVINFER), ("deepstream-app configs", catalogue.APP)):
        parts += [f"## Rules of {title}\n", *_sections(rules)]
    return "\n".join(parts)


def _sections(rules: Sequence[LintRule[Any]]) -> Iterator[str]:
    for rule in dict.fromkeys(rule.id for rule in rules):
        rows = [row for row in rules if row.id == rule]
        yield f"### {rule}\n\n" + "\n\n".join(map(_row, rows)) + "\n"


def _row(row: LintRule[Any]) -> str:
    severity = f"**{row.severity}** ({row.alone} where only the file is known)" if row.alone else f"**{row.severity}**"
    text = row.about or _sentence(row.text)
    fix = "" if re.fullmatch(r"\{\d\}", row.fix) else f" Fix: {_sentence(row.fix)[0].lower()}{_sentence(row.fix)[1:]}"
    keys = ", ".join(f"`{key}`" if _is_key(key) else key for key in row.keys.split(", "))
    return f"{severity}, on {keys}: {text}{fix}"


def _is_key(name: str) -> bool:
    return name[0] == "[" or "-" in name or name in ("interval", "topk", "offsets", "uri", "threshold")


def _sentence(text: str) -> str:
    """A row's text with … for what the check fills in."""
    shown = re.sub(r"\{\d(!r)?\}", "…", text)
    return shown + ("" if shown.endswith(".") else ".")


if __name__ == "__main__":
    print(render(), end="")
