#!/bin/sh
# Kafka in a container: the settings of this folder and the container's own addresses, storage
# formatted once. deploy/local/kafka.py does the same on one machine. Nothing but a temporary folder
# and the data folder is written.
set -eu
home=${KAFKA_HOME:-/opt/kafka}
data=${KAFKA_DATA:-/var/lib/kafka/data}
here=$(dirname "$0")
own=$(mktemp -d)
export LOG_DIR="$own/logs"
export KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=$here/log4j2.properties"

cp "$here/server.properties" "$own/server.properties"
cat >> "$own/server.properties" <<PROPERTIES

node.id=1
listeners=PLAINTEXT://:9092,CONTROLLER://127.0.0.1:9093
advertised.listeners=PLAINTEXT://${KAFKA_HOST:?}:9092
controller.quorum.voters=1@127.0.0.1:9093
log.dirs=$data
PROPERTIES

if [ ! -f "$data/meta.properties" ]; then
    "$home/bin/kafka-storage.sh" format --ignore-formatted \
        -t "$("$home/bin/kafka-storage.sh" random-uuid)" -c "$own/server.properties"
fi
exec "$home/bin/kafka-server-start.sh" "$own/server.properties"
