"""Tallystick: a self-hosted loyalty back office on one provable points ledger."""
