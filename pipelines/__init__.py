"""How things run: settings, definitions, jobs, schedules, sensors and the command line. No parsing, no models."""

from pipelines.arithmetic import pin

# Before anything below imports numpy: every process of the service begins here.
pin()
