"""A record that holds up nobody, whatever its provider has put into it."""

from time import monotonic

from catalog.domain.reading import is_too_deep


def test_a_text_that_is_never_closed_is_read_once() -> None:
    """At 40,000 quotation marks each beginning tried anew takes half a minute."""
    began = monotonic()
    for end in ("", "\\", '"'):
        assert not is_too_deep('{"a": "' + '\\"' * 400_000 + end)
    assert monotonic() - began < 5


def test_only_brackets_outside_of_texts_are_counted() -> None:
    assert not is_too_deep('{"a": "' + "[" * 100 + '"}')
    assert not is_too_deep('{"a": "\\"' + "[" * 100 + '"}')
    assert is_too_deep('{"a": "\\\\"' + "[" * 100 + '"}')
    assert is_too_deep("[" * 33)
