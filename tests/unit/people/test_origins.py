import pytest

from practice.core.errors import Invalid
from practice.people.contact import origin_of
from practice.people.public_face import MOST_ORIGINS, read_origins


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://www.example.com", "https://www.example.com"),
        (" HTTPS://WWW.Example.com/book?x=1#y ", "https://www.example.com"),
        ("https://example.com:8443/", "https://example.com:8443"),
        ("https://example.com:443", "https://example.com"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_a_website_is_named_as_browsers_name_it(typed: str, origin: str) -> None:
    assert origin_of(typed) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "*",
        "example.com",
        "http://example.com",
        "https://*.example.com",
        "https://localhost",
        "https://example.com; script-src *",
        "https://example.com 'self'",
        "https://example.com,https://evil.example",
        "https://me@example.com",
        "https://example.com:0",
        "https://example.com:99999",
        "https://-example.com",
        "https://example..com",
        "https://" + "a" * 64 + ".example",
        "https://" + "a." * 60 + "example",
        "javascript:alert(1)",
        "https://example.com\\@evil.example",
    ],
)
def test_what_could_let_others_in_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="Enter each website like https"):
        origin_of(typed)


def test_one_a_line_each_once_and_not_too_many() -> None:
    text = "https://a.example\n\n https://b.example/page\nhttps://A.example/"
    assert read_origins(text) == ["https://a.example", "https://b.example"]
    assert read_origins(" \n") == []
    with pytest.raises(Invalid, match="At most 10 websites"):
        read_origins("\n".join(f"https://w{n}.example" for n in range(MOST_ORIGINS + 1)))
