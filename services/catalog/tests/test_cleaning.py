"""Descriptions of others are shown, and do nothing."""

from catalog.domain.cleaning import clean_html, plain_text


def test_html_of_others_cannot_do_anything() -> None:
    bad = (
        '<p onclick="x()">Gut <script>alert(1)</script><img src=x onerror=alert(2)>'
        '<a href="javascript:alert(3)">da</a> <a href="https://example.org">dort</a>'
        "<iframe src=//evil></iframe><style>p{}</style><svg onload=x></svg></p>"
    )
    clean = clean_html(bad)
    for word in ("script", "onerror", "onclick", "javascript", "iframe", "style", "svg", "img"):
        assert word not in clean
    assert 'href="https://example.org"' in clean
    assert plain_text("<p>eins</p><p>zwei &amp; drei</p>") == "eins zwei & drei"
