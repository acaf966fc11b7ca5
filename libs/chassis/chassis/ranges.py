"""What no column of the database holds: numbers beyond its type."""

from sqlalchemy.exc import DBAPIError

OUT_OF_RANGE = "22003"


def is_out_of_range(error: BaseException) -> bool:
    """A number beyond what its column holds: no other try will ever keep it.

    The server says so, or the driver, which looks at numbers before it sends them.
    """
    cause = error.orig if isinstance(error, DBAPIError) else None
    while cause is not None:
        if isinstance(cause, OverflowError) or getattr(cause, "sqlstate", "") == OUT_OF_RANGE:
            return True
        cause = cause.__cause__
    return False
