"""Cosmopoints' partner exchange: `/v1/...`, spoken over our services."""
