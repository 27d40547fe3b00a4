"""Measurements for people; nothing passes or fails by them."""
