"""6d: what a parser library exports (the specification's ``nm -D ... | grep NvDsInferParseCustom``), read as ELF."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError

PREFIX = "NvDsInferParseCustom"
_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """An ELF shared library: machine (as ``uname -m`` says it), exported functions, libraries it needs."""

    path: Path
    machine: str
    functions: tuple[str, ...]
    needed: tuple[str, ...]

    @property
    def parse_functions(self) -> tuple[str, ...]:
        """Exported names that begin with NvDsInferParseCustom."""
        return tuple(name for name in self.functions if name.startswith(PREFIX))


def read_library(path: Path) -> LibraryFacts:
    """Facts of a shared library, without loading it; raises PARSER_LIB_INVALID if it is not one."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.dynamic import DynamicSection
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    try:
        with reading.open_regular(path) as stream:
            elf = ELFFile(stream)
            machine = str(elf["e_machine"])
            table = elf.get_section_by_name(".dynsym")
            symbols = list(table.iter_symbols()) if isinstance(table, SymbolTableSection) else []
            functions = sorted(
                str(symbol.name)
                for symbol in symbols
                if symbol["st_info"]["type"] in ("STT_FUNC", "STT_GNU_IFUNC")
                and symbol["st_shndx"] != "SHN_UNDEF"
                and symbol["st_info"]["bind"] in ("STB_GLOBAL", "STB_WEAK")
            )
            dynamic = elf.get_section_by_name(".dynamic")
            needed = (
                [str(getattr(tag, "needed", "")) for tag in dynamic.iter_tags("DT_NEEDED")]
                if isinstance(dynamic, DynamicSection)
                else []
            )
    except (OSError, ELFError, ValueError, KeyError) as error:
        raise DsbenchError(
            Code.PARSER_LIB_INVALID,
            f"{path.name} is not a shared library: {error or 'not an ELF file'}",
            where=str(path),
            fix="build it again (make -B -C parser)",
        ) from error
    return LibraryFacts(path, _MACHINES.get(machine, machine), tuple(functions), tuple(needed))


def check_symbol(library: LibraryFacts, function: str, *, machine: str | None = None) -> None:
    """Raises PARSER_SYMBOL unless ``function`` is exported, PARSER_LIB_INVALID for another machine's library."""
    here = machine or platform.machine()
    if library.machine != here:
        raise DsbenchError(
            Code.PARSER_LIB_INVALID,
            f"{library.path.name} is built for {library.machine}, this machine is {here}",
            where=str(library.path),
            fix="build it on this machine (make -B -C parser)",
        )
    if function in library.functions:
        return
    mangled = [name for name in library.functions if name.startswith("_Z") and function in name]
    if not function.isidentifier():
        found = "no function can have that name"
        fix = "correct parse-bbox-func-name in the config: all that follows the name, a `# comment` too, belongs to it"
    elif mangled:
        found, fix = f"only its C++ name {mangled[0]}", f'put extern "C" before {function}'
    elif library.parse_functions:
        names = ", ".join(library.parse_functions)
        found = f"exported: {names}"
        fix = (
            f"rename the function to {function}, or set"
            f' parse-bbox-func-name = "{library.parse_functions[0]}" under [property] in dsbench.toml'
        )
    else:
        found, fix = f"no {PREFIX}* function at all", f'define extern "C" bool {function}(...) in the parser source'
    raise DsbenchError(
        Code.PARSER_SYMBOL,
        f"{library.path.name} does not export {function} ({found})",
        where=str(library.path),
        fix=fix,
    )
