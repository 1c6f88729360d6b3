"""``dsbench lint`` and ``dsbench explain``: faults of a config and causes in a console log, without a model."""
