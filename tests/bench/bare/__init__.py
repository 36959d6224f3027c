"""The limit over HTTP: a bare Django REST project on the same tables, served the same way."""
