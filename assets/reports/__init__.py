"""From a document to candidate figures: formats/ read bytes, extraction/ finds figures, layouts/ hold operators' words."""
