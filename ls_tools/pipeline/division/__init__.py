"""A conversion divided among processes, and joined in order.

Each process reads chunks of the input and writes what the format makes of them. One
of them, which asked for it, joins that in the order of the input, so that the output
is the one that a single process writes, to the byte. What depends on the items
before, such as the number of a class that no label config names, is settled
beforehand or checked afterwards; a chunk that began with something else is done
again. Where processes cannot be had, or one of them fails, all is done by one.
"""
