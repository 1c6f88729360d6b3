"""Child programs that run the model or the parser on real frames."""
