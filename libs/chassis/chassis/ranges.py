"""What no column of the database holds: numbers beyond its type."""

from asyncpg.exceptions import DataError, NumericValueOutOfRangeError


def is_out_of_range(error: BaseException) -> bool:
    """A number beyond what its column holds: no other try will ever keep it.

    The server says so, or the driver, which looks at numbers before it sends them.
    """
    by_driver = isinstance(error, DataError) and isinstance(error.__cause__, OverflowError)
    return by_driver or isinstance(error, NumericValueOutOfRangeError)
