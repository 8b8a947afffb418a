"""Builds one deployable source folder and one reproducible archive per function of the catalog."""
