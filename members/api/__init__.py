"""The core API of members and programs: reads its input, makes one call, renders the answer."""
