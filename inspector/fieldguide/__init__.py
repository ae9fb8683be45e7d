"""What each field of a message is for, and what its value says here, in words.

A family of fields is a module; a field is a row in it, read by a small function under the `reads` decorator.
`inspector.fieldguide.guide` finds them; nothing else has to be touched to add one.
"""
