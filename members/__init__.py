"""Members and their programs: where value meets identity."""
