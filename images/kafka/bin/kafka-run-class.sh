#!/bin/sh
# Runs a class of Kafka with the variables that the official scripts know, as far as a container needs them.
set -eu
home=$(dirname "$(dirname "$(readlink -f "$0")")")
# Word splitting is meant: each variable is a list of options.
# shellcheck disable=SC2086
exec java \
    ${KAFKA_HEAP_OPTS:--Xmx256M} \
    ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1} \
    -Djava.awt.headless=true \
    ${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=$home/config/tools-log4j2.properties} \
    ${KAFKA_OPTS:-} \
    -cp "$home/libs/*" \
    "$@"
