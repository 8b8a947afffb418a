"""The common library of every Mobius OS function."""

import gc

# A function's start is almost all imports: their objects stay, so looking for garbage among them at every 700th new
# one costs a tenth of the cold start and finds nothing.
gc.set_threshold(100_000, 50, 100)
