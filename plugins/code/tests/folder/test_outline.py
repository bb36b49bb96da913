"""What files define, and which of them matter for a request."""

from __future__ import annotations

from studio_code import syntax
from studio_code.folder.outline import defined_in, outline, parts, ranked
from studio_code.source import Source

SHOP = '''import os


@decorated
class Shop:
    """A shop."""

    def total(self, cart):
        def inner():
            pass
        return sum(cart)


async def open_shop(name):
    return Shop()
'''


def test_the_parts_of_a_file_know_their_lines_and_what_holds_them() -> None:
    found = [(part.name, part.first, part.last) for part in parts(SHOP, "python")]
    assert found == [("Shop", 4, 11), ("Shop.total", 8, 11), ("open_shop", 14, 15)]
    assert outline(Source("shop.py", SHOP)).split("\n") == [
        "shop.py",
        "  class Shop",
        "      def total(self, cart)",
        "  async def open_shop(name)",
    ]
    java = "class A {\n  int b() { return 1; }\n}\n"
    assert [part.name for part in parts(java, "java")] == ["A", "A.b"]


def test_files_that_share_rare_words_with_a_request_come_first() -> None:
    files = [
        Source("util.py", "def pad(text):\n    return text\n"),
        Source("cart.py", "def discount(cart):\n    return text\n"),
        Source("shop.py", SHOP),
    ]
    assert ranked(files, "Give a discount in the cart")[0].path == "cart.py"
    assert ranked(files, "the totals of a shop")[0].path == "shop.py"
    assert ranked(files, "see util.py: discount")[0].path == "util.py"


def test_files_that_are_named_or_define_a_name_come_before_those_that_share_words() -> None:
    files = [
        Source("notes.py", "# Open shops: open, shop, open_shop.\nx = 1\n"),
        Source("a/shop.py", SHOP),
        Source("b/info.py", "y = 2\n"),
    ]
    assert ranked(files, "Let open_shop wait")[0].path == "a/shop.py"
    assert ranked(files, "a shop is open: see info.py")[0].path == "b/info.py"
    assert defined_in(files[1], {"Shop", "open_shop", "x"}) == {"Shop", "open_shop"}


def test_identifiers_are_found_but_not_in_strings_and_comments() -> None:
    code = "total = 1  # total\nä = total + x.total\nprint('total')\n"
    assert syntax.identifiers(code, "python", "total") == [(1, 1), (2, 5), (2, 15)]
    assert syntax.identifiers("let a = 'a' // a\nf(a.a)", "javascript", "a") == [
        (1, 5), (2, 3), (2, 5)
    ]  # fmt: skip
