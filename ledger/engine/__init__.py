"""The engine: locks what a list of requests touches, decides in memory what happens, and writes it in bulk.

Only services may use it. `requests` is what can be asked, `rows` what is in hand, `book` the rows of one call with a way
back, `decide*` the rules, `store` the two databases.
"""
