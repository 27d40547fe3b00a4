"""Copies of the object store's buckets and of MLflow's database, and the way back."""
