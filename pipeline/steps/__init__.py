"""The cleaning steps, one file each. base.py says what a step is."""
