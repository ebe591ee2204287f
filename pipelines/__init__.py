"""How things run: settings, definitions, jobs, schedules, sensors and the command line. No parsing, no models."""
