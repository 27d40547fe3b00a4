"""The load on the forecast API: what Locust's users do, and whether a run met its limits."""
