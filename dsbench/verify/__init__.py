"""``dsbench verify``: does every number and verdict of a record follow from its raw data?"""
