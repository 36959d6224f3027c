"""The rules language: a pure library that knows no models."""
