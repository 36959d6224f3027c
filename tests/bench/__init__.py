"""Measures speed and size as ratios to limits taken in the same run: `make bench`."""
