"""Measurements: each is a command that writes what it measured."""
