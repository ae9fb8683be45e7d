"""What a browser would do: the algorithms of the standards as pure functions that return verdicts."""
