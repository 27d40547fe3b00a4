"""How far the consumer groups are behind, for Prometheus: the brokers themselves do not report it."""
