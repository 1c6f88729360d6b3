"""Contracts between dsbench's processes: plain dataclasses that belong to neither side."""
