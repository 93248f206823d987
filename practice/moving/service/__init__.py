"""Bringing over and taking away."""
