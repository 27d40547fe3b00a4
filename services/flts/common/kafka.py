"""Settings that every Kafka client of this project shares."""


def client_settings(bootstrap_servers: str, client_id: str) -> dict[str, str | int | float | bool]:
    """Base settings for a producer, consumer or admin client (librdkafka's names)."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": client_id,
        # The default of 0.1 s fills the log with refused connections while Kafka starts.
        "reconnect.backoff.ms": 1000,
    }
