"""Large plain files, read in stretches by compiled code: rows become columns without becoming Python objects.

What a row says is decided by rows.py and the importers. The compiled code takes a row only where it is sure to come to
the same; every other row goes the ordinary way, one by one, and comes out between its neighbours. Nothing here is
imported until a large file is read, since it needs a compiler.
"""
