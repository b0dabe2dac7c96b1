"""The near-duplicate engine: exact on what it reports, MinHash only to find what is worth comparing.

Nothing here reads a database. Import `engine` only where the work is done: it loads compiled code.
"""
