"""What a service does with Kafka, once, through the services' own code.

`client.py <publish|take|follow|stay> TOPIC [GROUP]`
Prints the operation of the message that was taken, or the name of Kafka's error. `stay` prints `joined`, and is in the
group until it is stopped. The environment is a service's.
"""

import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from flts.common.consuming import group_consumer
from flts.common.deadletters import DeadLetter
from flts.common.kafka import KafkaSettings, client_settings
from flts.common.publisher import KafkaPublisher

SECONDS = 15


def taken(consumer):
    """Operation of the next message; raises KafkaException."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        message = consumer.poll(0.5)
        if message is None:
            continue
        if message.error() is not None:
            raise KafkaException(message.error())
        return DeadLetter.model_validate_json(message.value()).operation
    return "NOTHING"


def main(action, topic, group="none"):
    kafka = KafkaSettings()
    if action == "publish":
        KafkaPublisher(kafka, "test").publish(topic, None, DeadLetter(operation="sent", error=""))
        return "sent"
    if action == "take":
        consumer = group_consumer(kafka, group, topic)
        operation = taken(consumer)
        consumer.commit(asynchronous=False)
        consumer.close()
        return operation
    if action == "stay":
        consumer = group_consumer(kafka, group, topic)
        while not consumer.assignment():
            consumer.poll(0.1)
        print("joined", flush=True)
        while True:
            consumer.poll(0.5)
    consumer = Consumer({**client_settings(kafka, "test"), "group.id": group, "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, timeout=5).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    return taken(consumer)


try:
    print(main(*sys.argv[1:]))
except KafkaException as error:
    print(error.args[0].name())
