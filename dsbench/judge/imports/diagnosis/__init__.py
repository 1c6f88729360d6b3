"""Which known mistake explains boxes that differ from the reference; docs/diagnosis.md lists the mistakes."""
