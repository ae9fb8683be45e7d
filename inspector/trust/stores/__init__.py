"""Where trust is kept on a machine: the system's store, browsers' databases, Java's keystores.

Each store says whether it holds a certificate, and plans its changes as exact steps before anything is done.
"""
