"""docs/explain.md, made from the tables: ``python -m dsbench.advice.explain_page > docs/explain.md``."""

from __future__ import annotations

import re

from dsbench.advice.explain import LogProgram
from dsbench.formats.failures import app, gst, notices, surroundings, trtexec
from dsbench.formats.failures.matcher import Row

_HEAD = """\
# Explain

`dsbench explain [LOG]` reads the console of deepstream-app, gst-launch-1.0 or trtexec and names the causes that it
knows, the root first. Without LOG, or with `-`, it reads stdin: paste the text and press Ctrl-D. No
model directory is needed, and nothing is executed.

```
$ dsbench explain run.log
run.log: a log of deepstream-app, 16 lines

Cause: the parser library does not export the function NvDsInferParseNope
   line 6: ... dlsym failed to get func NvDsInferParseNope pointer
   fix: give parse-bbox-func-name and the parser's extern "C" function the same name (`nm -D` shows it)
   docs: docs/explain.md#parser-symbol

This led to:
  line 9: nvinfer could not start
```

- A part of a log is enough. If nothing in it shows whose it is, the tables of all programs are searched.
- Colours, carriage returns, UTF-16, and what GitHub, GitLab, docker, Kubernetes, syslog and journald put in front of a
  line are understood. Line numbers are those of the file.
- A log of any size is read once, in constant memory.
- A log without a known text: the last lines that speak of an error are shown.
- stderr belongs to the log: `deepstream-app -c app.txt 2>&1 | tee run.log`.

Exit status: 0 if a cause is known or the program ended well, else 1. `--json` prints the same as JSON.

The same tables explain failures in a run of `pytest --model-dir`.
"""
_AROUND, _NOTICE = "containers, shells, builds, crashes", "notice: ends no run"
_TABLES: tuple[tuple[str, tuple[Row, ...]], ...] = (
    (_AROUND, surroundings.CAUSES),
    (LogProgram.APP, app.ROWS),
    (LogProgram.GST, gst.ROWS),
    (LogProgram.TRTEXEC, trtexec.ROWS),
    (_NOTICE, notices.NOTICES),
)
_PERF_ZERO = (
    "### perf-zero\n\n**notice: ends no run**: no stream delivers frames, FPS is 0.00 in every row. Fix: play the "
    "video alone; give a video and not a picture; check the uri of every [sourceN].\n"
)


def render() -> str:
    """The whole page: a section for each id, in the order of the tables."""
    entries: dict[str, list[tuple[str, Row]]] = {}
    for program, rows in _TABLES:
        for row in rows:
            entries.setdefault(row.id, []).append((program, row))
    parts = [_HEAD, "## Known texts\n"]
    parts += [f"### {id}\n\n" + "\n\n".join(_texts(found)) + "\n" for id, found in entries.items()]
    return "\n".join([*parts, _PERF_ZERO])


def _texts(found: list[tuple[str, Row]]) -> list[str]:
    """One paragraph for each different cause and fix, with the programs that it holds for."""
    programs: dict[str, list[str]] = {}
    for program, row in found:
        programs.setdefault(f"{_blank(row.cause)}. Fix: {_blank(row.fix)}.", []).append(program)
    return [f"**{', '.join(dict.fromkeys(names))}**: {text}" for text, names in programs.items()]


def _blank(template: str) -> str:
    """``…`` for what the log fills in."""
    return re.sub(r"(?:\{\d\})+", "…", template)


if __name__ == "__main__":
    print(render(), end="")
