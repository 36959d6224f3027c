"""Partners: points that travel between programs, and the clearing between companies."""
