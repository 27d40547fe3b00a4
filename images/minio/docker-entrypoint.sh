#!/bin/sh
# The official chart starts the server as `/usr/bin/docker-entrypoint.sh minio server …`.
exec "$@"
