"""How clients reach Kafka: what the environment gives them, and what is refused before a connection is made."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from flts.common.kafka import KafkaSettings, client_settings
from flts.common.settings import ServiceSettings, SettingsError, load_settings
from flts.topics.access import AccessRefused, AccessWatch

SCRAM = {"kafka_sasl_username": "eval", "kafka_sasl_password": "secret"}


def test_without_settings_connections_are_plain_and_anonymous():
    settings = client_settings(KafkaSettings(), "test")
    assert settings["security.protocol"] == "PLAINTEXT"
    assert not [name for name in settings if name.startswith(("sasl.", "ssl."))]


def test_a_password_over_tls_reaches_the_client_library():
    kafka = KafkaSettings(kafka_security_protocol="SASL_SSL", kafka_ssl_ca_pem="authority", **SCRAM)
    settings = client_settings(kafka, "test")
    expected = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "eval",
        "sasl.password": "secret",
        "ssl.ca.pem": "authority",
    }
    assert settings.items() >= expected.items()
    assert "ssl.key.pem" not in settings


def test_a_client_certificate_reaches_the_client_library():
    kafka = KafkaSettings(
        kafka_security_protocol="SSL", kafka_ssl_certificate_pem="certificate", kafka_ssl_key_pem="key"
    )
    settings = client_settings(kafka, "test")
    assert settings["ssl.certificate.pem"] == "certificate"
    assert settings["ssl.key.pem"] == "key"
    assert "sasl.mechanism" not in settings


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_USERNAME": "eval"}, "KAFKA_SASL_PASSWORD"),
        ({"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_KEY_PEM": "key"}, "KAFKA_SSL_CERTIFICATE_PEM"),
        ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL"),
        ({"KAFKA_SASL_MECHANISM": "GSSAPI"}, "KAFKA_SASL_MECHANISM"),
    ],
)
def test_credentials_that_are_not_complete_end_a_service_at_its_start(monkeypatch, environment, named):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=named):
        load_settings(ServiceSettings)


def test_a_password_is_in_no_message(monkeypatch):
    assert "secret" not in repr(KafkaSettings(kafka_security_protocol="SASL_SSL", **SCRAM))
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "the-password")
    with pytest.raises(SettingsError) as raised:
        load_settings(ServiceSettings)
    assert "the-password" not in str(raised.value)


def test_brokers_that_refuse_are_not_waited_for_for_long():
    watch = AccessWatch(KafkaSettings(kafka_bootstrap_servers="brokers:9094"), patience_seconds=0)
    outage = KafkaException(KafkaError(KafkaError._TRANSPORT))
    watch.note(KafkaError(KafkaError._TRANSPORT))
    watch.refuse(outage)
    watch.note(KafkaError(KafkaError._AUTHENTICATION, "wrong password"))
    with pytest.raises(AccessRefused, match=r"brokers:9094.*kafka-admin.*wrong password"):
        watch.refuse(outage)


def test_a_port_without_tls_is_named_where_tls_is_configured():
    watch = AccessWatch(KafkaSettings(kafka_security_protocol="SSL"), patience_seconds=0)
    # The text of librdkafka 2.x (src/rdkafka_ssl.c), met in tests/kafka/external.test.ts.
    cut_off = "ssl://b:9092/bootstrap: SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?"
    watch.note(KafkaError(KafkaError._TRANSPORT, cut_off))
    with pytest.raises(AccessRefused, match=r"must be one of a listener with TLS \(flts:kafka\.external\.protocol\)"):
        watch.refuse(KafkaException(KafkaError(KafkaError._TRANSPORT)))


def test_brokers_that_restart_with_another_password_are_waited_for():
    watch = AccessWatch(KafkaSettings(), patience_seconds=60)
    watch.note(KafkaError(KafkaError._AUTHENTICATION))
    watch.refuse(KafkaException(KafkaError(KafkaError._TRANSPORT)))
