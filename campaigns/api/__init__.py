"""The core API of campaigns and rules: reads its input, makes one call, renders the answer."""
