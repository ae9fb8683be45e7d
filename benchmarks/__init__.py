"""Measurements of the product; nothing here is needed to use it."""
