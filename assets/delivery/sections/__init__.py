"""The sections of the page, one a module: from published tables to blocks. Markup stands in templates/."""
