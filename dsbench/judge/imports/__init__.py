"""Is the import right."""
