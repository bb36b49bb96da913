"""The places that an answer speaks of are looked up, so that every one is there."""

from __future__ import annotations

from studio_code.generation.citations import Citation, citations
from studio_code.source import Source

FILES = [
    Source(
        "shop.py", "class Shop:\n    def total(self):\n        return 1\n\n\ndef half(x): ...\n"
    ),
    Source("lib/cart.js", "function add(x) {}\nfunction half(x) {}\n"),
]


def test_named_places_and_definitions_are_cited_in_the_order_of_the_answer() -> None:
    answer = (
        "See `Shop.total`, which add() calls, and cart.js:2, shop.py:99, other.py:1.\n"
        "```\nShop\n```\n`half` is in two files, `len` in none. `total(cart)`, again `add`."
    )
    assert citations(answer, FILES) == [
        Citation("shop.py", 2, "Shop.total"),
        Citation("lib/cart.js", 1, "add"),
        Citation("lib/cart.js", 2),
    ]


def test_there_are_only_so_many() -> None:
    many = Source("a.py", "".join(f"def f{n}(): ...\n" for n in range(20)))
    assert len(citations(" ".join(f"`f{n}`" for n in range(20)), [many])) == 8
