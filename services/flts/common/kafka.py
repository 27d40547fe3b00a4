"""How this project's Kafka clients reach the brokers, and settings that all of them share."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class KafkaSettings(BaseSettings):
    """Brokers and credentials; each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(case_sensitive=False, extra="ignore", frozen=True)

    kafka_bootstrap_servers: str = Field(default="kafka:9092", min_length=1)
    """Kafka brokers as host:port, comma-separated."""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """Whether connections are encrypted, and whether clients sign in with a password (Kafka's security.protocol)."""
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    """How the password is presented; not read without SASL."""
    kafka_sasl_username: str = ""
    kafka_sasl_password: SecretStr = SecretStr("")
    """Both are needed with SASL, and not read without."""
    kafka_ssl_ca_pem: str = ""
    """Certificates that sign the brokers', in PEM; empty: those that the image trusts."""
    kafka_ssl_certificate_pem: str = ""
    kafka_ssl_key_pem: SecretStr = SecretStr("")
    """The client's own certificate and its key, in PEM, for brokers that ask for one."""

    @model_validator(mode="after")
    def _has_credentials(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL") and not (
            self.kafka_sasl_username and self.kafka_sasl_password.get_secret_value()
        ):
            raise ValueError(
                f"KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol} needs "
                "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
            )
        if bool(self.kafka_ssl_certificate_pem) != bool(self.kafka_ssl_key_pem.get_secret_value()):
            raise ValueError("KAFKA_SSL_CERTIFICATE_PEM and KAFKA_SSL_KEY_PEM belong together: set both or neither")
        return self


def client_settings(kafka: KafkaSettings, client_id: str) -> dict[str, str | int | float | bool]:
    """Base settings for a producer, consumer or admin client (librdkafka's names)."""
    return {
        "bootstrap.servers": kafka.kafka_bootstrap_servers,
        "client.id": client_id,
        # The default of 0.1 s fills the log with refused connections while Kafka starts.
        "reconnect.backoff.ms": 1000,
        "security.protocol": kafka.kafka_security_protocol,
        **(_password(kafka) if kafka.kafka_security_protocol.startswith("SASL") else {}),
        **(_certificates(kafka) if kafka.kafka_security_protocol.endswith("SSL") else {}),
    }


def _password(kafka: KafkaSettings) -> dict[str, str]:
    return {
        "sasl.mechanism": kafka.kafka_sasl_mechanism,
        "sasl.username": kafka.kafka_sasl_username,
        "sasl.password": kafka.kafka_sasl_password.get_secret_value(),
    }


def _certificates(kafka: KafkaSettings) -> dict[str, str]:
    given = {
        "ssl.ca.pem": kafka.kafka_ssl_ca_pem,
        "ssl.certificate.pem": kafka.kafka_ssl_certificate_pem,
        "ssl.key.pem": kafka.kafka_ssl_key_pem.get_secret_value(),
    }
    return {name: text for name, text in given.items() if text}
