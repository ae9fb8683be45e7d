"""What lessons experiment with: small servers and clients, a relay that records, and what opens a recording."""
