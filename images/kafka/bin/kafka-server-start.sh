#!/bin/sh
# kafka-server-start.sh SERVER.PROPERTIES [--override NAME=VALUE]...
set -eu
bin=$(dirname "$(readlink -f "$0")")
: "${KAFKA_HEAP_OPTS:=-Xms1G -Xmx1G}"
# The official script's collector settings, which Kafka's documentation recommends for brokers.
: "${KAFKA_JVM_PERFORMANCE_OPTS:=-server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35}"
: "${KAFKA_LOG4J_OPTS:=-Dlog4j2.configurationFile=$(dirname "$bin")/config/log4j2.properties}"
export KAFKA_HEAP_OPTS KAFKA_JVM_PERFORMANCE_OPTS KAFKA_LOG4J_OPTS
exec "$bin/kafka-run-class.sh" kafka.Kafka "$@"
