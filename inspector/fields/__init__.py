"""Field values, parsed: one module a field or family. Pure functions without opinions; unreadable values are `None`."""
