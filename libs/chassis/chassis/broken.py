"""A connection to Kafka that has just broken is reported as broken, whatever event loop runs.

Who writes to a closed connection gets an `OSError` from asyncio's own loop and a `RuntimeError`
from uvloop. aiokafka expects the first only. The second, met by a heartbeat, ends that task for
good: the consumer never beats again, every read raises, and its partitions stand still until the
process is started anew. This reaches into aiokafka, whose version is pinned; a test writes to a
closed connection and fails if it ever stops working.
"""

from functools import wraps
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError

_send = AIOKafkaConnection.send


@wraps(_send)
def _send_or_tell(self: AIOKafkaConnection, *request: Any, **options: Any) -> Any:
    try:
        return _send(self, *request, **options)
    except KafkaError:  # which is a RuntimeError too
        raise
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError("the connection was closed while it was written to") from error


def tell_broken_connections() -> None:
    """From now on, for every Kafka client of this process."""
    AIOKafkaConnection.send = _send_or_tell
