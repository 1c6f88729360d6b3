"""`dsbench report` and `dsbench export`: what a finished run is handed over as, made from its record."""
