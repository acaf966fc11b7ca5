"""Structured logs: one JSON line per event, with the correlation id of what it belongs to.

Logs hold ids, codes and counts. Bodies, headers, names and addresses never get here.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog
from opentelemetry import trace
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import ExcInfo

NOISY = ("aiokafka", "faststream", "uvicorn", "uvicorn.access", "uvicorn.error", "alembic", "httpx")


def _trace_ids(
    _logger: Any, _name: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        line["trace_id"] = format(span.trace_id, "032x")
        line["span_id"] = format(span.span_id, "016x")
    return line


class _OncePerSecond(logging.Filter):
    """Lets one line per second and place through: a dead broker makes aiokafka write hundreds."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        place = (record.pathname, record.lineno)
        if record.created - self._last.get(place, 0.0) < 1.0:
            return False
        self._last[place] = record.created
        return True


def _without_repr(record: logging.LogRecord) -> bool:
    """Asyncio repeats the text of an error that nobody fetched; its first line says enough."""
    record.msg, record.args = record.getMessage().partition("\n")[0], ()
    return True


_FRAMES = ExceptionDictTransformer(show_locals=False)


def _traceback(exc_info: ExcInfo) -> list[dict[str, Any]]:
    """Where an error came from. Not its text and not its variables: both may hold a name."""
    stacks = _FRAMES(exc_info)
    for stack in stacks:
        stack.pop("exc_value", None)
        stack.pop("exc_notes", None)
    return stacks


def _json_bytes(line: Any, **_: Any) -> bytes:
    return orjson.dumps(line, default=str)


def _json(line: Any, **_: Any) -> str:
    return _json_bytes(line).decode()


def configure(service: str, level: str) -> None:
    """Write everything, also what libraries log, as JSON lines to standard output."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        _trace_ids,
        structlog.processors.ExceptionRenderer(_traceback),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.EventRenamer("msg"),
            structlog.processors.JSONRenderer(serializer=_json_bytes),
        ],
        # Our own lines go straight out: the way through `logging` costs five times as much
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.EventRenamer("msg"),
                structlog.processors.JSONRenderer(serializer=_json),
            ],
        )
    )
    _only(handler, level)
    structlog.contextvars.bind_contextvars(service=service)


class _OncePerSecondFor(_OncePerSecond):
    """The same for all loggers below one name: a filter of a logger does not see its children."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._prefix = name

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.name.startswith(self._prefix) or super().filter(record)


def _only(handler: logging.Handler, level: str) -> None:
    """Let this handler write everything, and nothing else write anything."""
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in NOISY:  # they bring handlers of their own; FastStream does at import
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    logging.getLogger("aiokafka").addFilter(_OncePerSecond())
    logging.getLogger("asyncio").addFilter(_without_repr)
    handler.addFilter(_OncePerSecondFor("aiokafka"))
