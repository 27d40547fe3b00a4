"""Declares Kafka topics: `python -m flts.topics <file.json>`."""
