"""How long a test waits for what has to come: longer than the slowest machine takes.

Whoever says how long something may take at most guesses how fast the machine is, which may have
ten other things to do.
"""

PATIENCE_S = 120
