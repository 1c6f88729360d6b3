"""nvinfer's configuration file, read as DeepStream 9.1 reads it: same defaults, same order, same words.

``load(path, console=...)`` hands every line that nvinfer itself would print on **stderr** to ``console``, in
order and without the newline: warnings, then for a bad file the reason, ``Failed to parse group property``
(or ``Error while parsing group G``) and ``** ERROR: <gst_nvinfer_parse_config_file:1447>: failed``. A program
that imitates nvinfer needs nothing else; print them with ``errors="replace"``, which turns GLib's curly
quotes into ``?`` outside UTF-8 exactly as GLib does. The error that follows has in ``what`` DeepStream's
first line (``Error. Invalid value for 'cluster-mode':'7'``), in ``where`` file, line, group and key, and a
fix.

deepstream-app sets ``config-file-path`` before everything else, so a wrong value in the file is fatal even
for a key that ``[primary-gie]`` overrides (batch-size, interval, gie-unique-id, gpu-id, model-engine-file).
"""

from __future__ import annotations

from pathlib import Path

from dsbench.formats.nvinfer.groups import CLASS_PREFIX, PROPERTY, ClassAttrs, Color, NvinferConfig
from dsbench.formats.nvinfer.reader import FAILED, Console, Reader

__all__ = ["CLASS_PREFIX", "FAILED", "PROPERTY", "ClassAttrs", "Color", "NvinferConfig", "load"]


def load(path: Path | str, *, console: Console | None = None) -> NvinferConfig:
    """Read an nvinfer config: YAML when its name ends in .yml or .yaml, ini otherwise.

    Raises DsbenchError(KEYFILE_INVALID | CONFIG_VALUE_INVALID) with DeepStream's text in ``what``, or CONFIG_ABORTED
    if an exception in DeepStream's YAML reader would abort the app.
    """
    if str(path).endswith((".yml", ".yaml")):
        from dsbench.formats.nvinfer.yaml import YamlReader

        return YamlReader(Path(path), console).load()
    return Reader(Path(path), console).load()
