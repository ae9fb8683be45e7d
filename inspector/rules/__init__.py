"""What is worth telling a person: one module a topic, one small function a rule."""
