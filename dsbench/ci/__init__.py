"""What CI services get of a run: annotations, job summary, outputs, JUnit names; ``dsbench ci`` (docs/ci.md)."""
