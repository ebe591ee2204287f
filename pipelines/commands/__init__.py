"""What each `colocast` command does, one module a command; cli.py has their options and words."""
