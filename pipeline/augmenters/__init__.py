"""Ways to make a further text of a text: one file each."""
