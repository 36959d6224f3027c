"""Campaigns: events and orders in, effects out."""
