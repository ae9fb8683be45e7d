"""What the lab serves: one module a topic, each ending in a `ROUTES` table."""
