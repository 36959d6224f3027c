"""The engine: locks what a list of requests touches, decides in memory what happens, and writes it in bulk.

Only services may use it. `requests` is what can be asked, `rows` what is in hand, `book` the rows of one call with a
way back; `primitives`, `moves`, `holds`, `reverts` and `lots` are the rules, `run` is one call, `store` the databases.
"""
