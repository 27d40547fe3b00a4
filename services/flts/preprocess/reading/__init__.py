"""Reading and validating of CSV files, by the standard library alone.

The CLI runs these very modules before it uploads anything, in the machine's Python or in WebAssembly, so its result is
the service's. They must import nothing that is not in the standard library.
"""
