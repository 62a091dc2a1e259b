"""A year of an invented city's kiosks: the same for the same seed, and harmless to repeat."""
