"""Random input for readers and parsers: how it is made (making), what must hold of the answer (checks), patterns."""
