"""Several errors as one, so that everything that is wrong is said at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dsbench.base.errors import DsbenchError

_MAX_SHOWN = 20


@contextmanager
def collected(errors: list[DsbenchError]) -> Iterator[None]:
    """Add the error of the block to ``errors``."""
    try:
        yield
    except DsbenchError as error:
        errors.append(error)


def raise_together(errors: Sequence[DsbenchError], what: str) -> None:
    """Raise the only error; of several one with all their texts below ``what``, and the code of the first."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        texts = [error.render() for error in errors[:_MAX_SHOWN]]
        texts += [f"and {len(errors) - _MAX_SHOWN} more"] if len(errors) > _MAX_SHOWN else []
        raise DsbenchError(errors[0].code, "\n".join((f"{what}:", *texts)))
