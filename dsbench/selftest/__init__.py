"""``dsbench selftest``: known faults are put into healthy model directories; what do the steps say of each?"""
