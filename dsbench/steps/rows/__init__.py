"""Evidence rows that several steps record alike."""
