"""Voyado Engage's points API: `/api/v3/...`, spoken over our services."""
