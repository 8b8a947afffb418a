"""The common library of every Mobius OS function."""
