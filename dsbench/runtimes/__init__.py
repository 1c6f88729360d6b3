"""The runtimes behind one contract: a command is launched, its files are read."""
