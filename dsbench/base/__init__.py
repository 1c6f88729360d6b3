"""Used by all other packages: errors, options, files, child processes."""
