"""What every API door shares: reading, refusing, paging, and one base view."""
