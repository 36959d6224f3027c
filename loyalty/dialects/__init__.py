"""Foreign APIs over our services: a folder each, a translator only."""
