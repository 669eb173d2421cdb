"""Measurements, each against another way of doing the same or what bounds it.

`python -m benchmarks`, which is `make bench`, runs what measures speed and memory: the modules that `SPEED` of
`benchmarks.measurement` names. What measures quality says so in its first line, and is a command of its own.
"""
