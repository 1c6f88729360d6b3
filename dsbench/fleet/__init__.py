"""``dsbench fleet``, whole: many models on many machines, one pytest run a model, on whatever engine the team has."""
