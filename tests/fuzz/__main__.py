"""``python -m tests.fuzz --seconds 600``: prints each new defect and keeps its input; status 1 if there is one."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.run import defects
from tests.fuzz.targets import targets


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--first", type=int, default=1000, help="the first seed")
    parser.add_argument("--only", default="", help="a target")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-defects"), help="folder for inputs of defects")
    given = parser.parse_args()
    found: Counter[tuple[str, str]] = Counter()
    end, tried = time.monotonic() + given.seconds, 0
    with tempfile.TemporaryDirectory(prefix="dsbench-fuzz-") as folder:
        chosen = {name: one for name, one in targets(Path(folder)).items() if given.only in ("", name)}
        for defect in defects(chosen, Path(folder), given.first, given.first + 10**9):
            tried += 1
            if defect is not None:
                key = defect.target, defect.what.partition(":")[0]
                found[key] += 1
                if found[key] == 1:
                    given.keep.mkdir(exist_ok=True)
                    (given.keep / f"{defect.target.replace(' ', '-')}-{defect.seed}").write_bytes(defect.data)
                    print(f"{defect.target} seed {defect.seed}: {defect.what}", flush=True)
            if time.monotonic() > end:
                break
    print(f"{tried} inputs, {sum(found.values())} defects of {len(found)} kinds")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
