"""The steps of the main job as plain functions: receive, read, judge, history, outlook, publish, page.

Each takes a Work (settings and the choices of this run), leaves its results in COLOCAST_HOME, and returns an Outcome
whose summary is plain JSON. A step whose inputs are those it last ran with returns what it remembers and imports
nothing heavy (memory.py). Dagster's assets (shells.py) and the command line call these; nothing here knows either.

The warehouse is a pure function of archive, code, mapping and as-of date: every judgement is made over all documents at
once, so that the order in which reports arrive, or a rebuild from the archive, cannot change a figure.
"""
