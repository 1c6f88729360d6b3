"""Rows of evidence that the steps' results make."""
