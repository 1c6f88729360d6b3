"""Pure verdicts over arrays and records."""
