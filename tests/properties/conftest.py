"""How many examples: the same few in every run of the tests, or a thousand new ones."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

from tests.conftest import REPOSITORY

_EVERY_TIME = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much)

settings.register_profile(
    "short", max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=_EVERY_TIME
)
settings.register_profile("long", max_examples=1000, deadline=None, print_blob=True, suppress_health_check=_EVERY_TIME)
set_hypothesis_home_dir(REPOSITORY / ".pytest_cache" / "hypothesis")
settings.load_profile("short")
