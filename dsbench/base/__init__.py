"""What every room stands on: errors, options, files, child processes."""
