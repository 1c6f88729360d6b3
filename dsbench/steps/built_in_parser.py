"""6b to 6d for a parser that DeepStream ships (NGC TAO): nothing is generated or compiled.

The library must exist and export the function. Without DeepStream, the embedded runtime's own version of the function
runs on real frames and is compared with the family's decode.
"""

from __future__ import annotations

import platform
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.build import symbols
from dsbench.build.symbols import LibraryFacts
from dsbench.embedded.nvinfer import deepstream_library
from dsbench.families.base import BuiltIn
from dsbench.runtimes.contract import Runtime
from dsbench.steps.model_outputs import ModelOutputsResult

NOTHING_TO_DO = "nothing to do: NVIDIA's own parser, compiled and shipped with DeepStream"
MISREADS = "parser-misreads"
"""Code of the doubt about a function that reads this model's outputs wrongly, as in DeepStream."""
OWN_DECODE = "none: nvinfer's own decode"


def recognised(outputs: ModelOutputsResult) -> BuiltIn | None:
    """The built-in parser of the recognised head; None if it has none or the user supplies a parser source."""
    return outputs.head.built_in if outputs.head and outputs.user_source is None else None


def stand_in(built_in: BuiltIn) -> Path | None:
    """The library that the embedded runtime loads instead; None if DeepStream's library is installed."""
    return deepstream_library.stand_in_for(Path(built_in.library))


def library(built_in: BuiltIn, runtime: Runtime) -> LibraryFacts:
    """The library on this runtime. Raises PARSER_LIB_INVALID if it is missing, PARSER_SYMBOL without the function.

    nvinfer's own decode is part of nvinfer: nothing is looked up.
    """
    path = Path(built_in.library)
    if not built_in.function:
        return LibraryFacts(path, platform.machine(), (), ())
    if not path.is_file():
        if runtime.name != "embedded":
            raise DsbenchError(
                Code.PARSER_LIB_INVALID,
                f"{path.name} is not installed",
                where=str(path),
                fix="install DeepStream; NGC TAO models use its own parsers",
            )
        found = symbols.read_library(stand_in(built_in) or path)
        if built_in.function not in found.functions:
            known = ", ".join(name for name in found.functions if name.startswith("NvDsInferParse"))
            raise DsbenchError(
                Code.PARSER_SYMBOL,
                f"{built_in.function} exists only in DeepStream: the embedded runtime has {known}",
                where=str(path),
                fix="run this model with --runtime deepstream, or put a parser .cpp of your own into parser/",
            )
        return found
    found = symbols.read_library(path)
    symbols.check_symbol(found, built_in.function)
    return found
