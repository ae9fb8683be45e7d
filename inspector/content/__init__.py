"""What is inside a response's content, read once for every rule that asks."""
