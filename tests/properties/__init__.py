"""Properties of the text formats, tried with Hypothesis: what is written is read again, and any text returns or raises
dsbench's error. ``pytest tests/properties --hypothesis-profile=long`` tries more."""
