"""NVIDIA's support table: a driver below it may work."""

from __future__ import annotations

import pytest

from dsbench.base.deepstream_releases import driver_remark, release_of


@pytest.mark.parametrize(
    ("version", "driver", "words"),
    [
        ("9.2.0", "580.95.05", "DeepStream 9.2 (595 or newer), may work"),
        ("9.1", "580.95.05", "not in NVIDIA's support table of DeepStream 9.1"),
        ("9.0.0", "580.95.05", "DeepStream 9.0 (590 or newer), may work"),
        ("9.1", "595.58.03", ""),
        ("9.2", "610.1", ""),
        ("8.0", "550.1", ""),
        ("", "580", ""),
        ("9.1", "", ""),
    ],
)
def test_drivers(version: str, driver: str, words: str) -> None:
    found = driver_remark(version, driver)
    assert words in found
    assert bool(found) == bool(words)


def test_a_release_is_found_by_its_first_two_numbers() -> None:
    assert release_of("9.10.1") is None
    found = release_of("9.2.0")
    assert found is not None
    assert found.image.startswith("ghcr.io/nvidia/deepstream")
