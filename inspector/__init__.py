"""Explains HTTP traffic: from a recording or a live proxy to words, evidence and a fix."""
