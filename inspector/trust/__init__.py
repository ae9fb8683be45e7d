"""Trust: certificate authorities and certificates, how they are made and what they promise."""
