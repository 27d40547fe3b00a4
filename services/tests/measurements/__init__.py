"""Tests that measure: they run while no other suite does."""
