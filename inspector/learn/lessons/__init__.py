"""The lessons, a module each: its text, its experiments, its questions. docs/lessons.md says how to write one."""
