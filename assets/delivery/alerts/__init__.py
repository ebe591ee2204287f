"""Alerts: what a person should be told without having to look, told once.

`rules.py` reads the rules (data), `kinds.py` applies each kind to rows of the warehouse, `raising.py` keeps the table
`alerts`, `outbox.py` and `delivering.py` take care that each alert reaches each address once. What a message says is in
`wording.py`. How a message travels (mail, chat, webhook) comes in from outside as a callable.
"""
