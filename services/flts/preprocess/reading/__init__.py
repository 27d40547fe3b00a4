"""Reading and judging of CSV files, by the standard library alone.

The CLI runs these very modules in Python's WebAssembly build before it uploads anything, so its verdict is the
service's. They must import nothing that is not in the standard library.
"""
