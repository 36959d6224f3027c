"""Coggins Store's point claims: `/api/v1/points...` and the page people claim at, spoken over our services."""
