"""Learning by looking: the lab (a small flawed site on this machine) and what runs on it."""
