"""trtexec's log."""
