"""From a document to candidate figures: formats/ read bytes, extraction/ finds figures, layouts/ hold operators' words.

Belongs here: everything up to the verdict on a figure. Does not belong here: storing it.
"""
