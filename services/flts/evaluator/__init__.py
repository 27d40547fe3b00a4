"""Finished runs to one promoted model per claim: scoring, the promotion pointer and its history."""
