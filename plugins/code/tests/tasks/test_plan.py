"""A change over several files with an engine that follows a script: planned, then written."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from plugins.code.tests.tasks.scripted import Context, Engine, Made, NoWall, drive
from studio.api import BadInput
from studio_code.generation import file_edit
from studio_code.generation.demands import met
from studio_code.generation.file_edit import Edited
from studio_code.generation.missing_imports import imports_for
from studio_code.generation.steps import Step, read_steps
from studio_code.schema import Edit, Plan
from studio_code.source import Source
from studio_code.tasks.edit import edit
from studio_code.tasks.plan import plan

SHOP = "def total(cart):\n    return sum(cart)\n"
CLASS = """

class Shop:
    def price(self):
        return 1

    def name(self):
        return 'a'
"""
LONG = "import os\n\n" + SHOP + CLASS + "".join(f"\n\ndef f{n}():\n    pass\n" for n in range(20))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "README.md").write_text("A shop.\n")
    return tmp_path


def answer(*steps: tuple[str, list[str], list[str]]) -> str:
    return json.dumps({"steps": [dict(zip(("title", "files", "new_files"), s)) for s in steps]})


def edited(engine: Engine, files: dict[str, str], **params: Any) -> Made:
    context = [{"path": path, "text": text} for path, text in files.items()]
    values = {"prompt": "Give a discount", "seed": 1, "run": False, **params}
    return drive(edit, Context(engine), Edit.parse(values), context=context)


def test_a_plan_names_files_that_are_there_and_new_ones(folder: Path) -> None:
    steps = (("Add a discount", ["shop.py"], []), ("Test [it]", [], ["tests/a.py", "shop.py"]))
    engine = Engine(answer(*steps))
    params = Plan.parse({"prompt": "A discount", "folder": str(folder), "seed": 1})
    newer = [{"path": "shop.py", "text": "def total(): ..."}]
    made = drive(plan, Context(engine, NoWall()), params, context=newer)
    assert made.result["steps"] == [
        {"title": "Add a discount", "files": ["shop.py"]},
        {"title": "Test (it)", "files": ["tests/a.py"]},
    ]
    assert made.result["text"] == "1. Add a discount [shop.py]\n2. Test (it) [tests/a.py]"
    assert made.result["guard"] == "", "nothing but the program kept it from being written"
    asked = engine.asked[0][0]["content"]
    assert "def total(): ..." in asked, "what is open counts more than the disk"
    assert engine.wishes[0].constraint is not None
    assert {path.name for path in folder.iterdir()} == {"shop.py", "README.md"}


def test_a_file_that_is_named_and_no_step_takes_gets_one() -> None:
    texts = {"shop/__init__.py": "", "shop/cart.py": SHOP, "shop/tax.py": "RATE = 2\n"}
    context = [{"path": path, "text": text} for path, text in texts.items()]
    asked = "Make a new module info.py with describe(), and export describe from __init__.py."
    engine = Engine(answer(("Write describe", [], ["info.py"])))
    params = Plan.parse({"prompt": asked})
    made = drive(plan, Context(engine), params, context=context)
    assert made.result["steps"] == [
        {"title": "Write describe", "files": ["shop/info.py"]},
        {"title": "Export describe from __init__.py", "files": ["shop/__init__.py"]},
    ]
    context.append({"path": "setup.py", "text": ""})
    again = drive(
        plan, Context(Engine(answer(("Write", [], ["info.py"])))), params, context=context
    )
    assert again.result["steps"][0]["files"] == ["shop/info.py"], "beside what it is exported from"
    vague = answer(("Export it from __init__.py", [], []), ("Write describe", [], []))
    made = drive(plan, Context(Engine(vague)), params, context=context)
    assert [step["files"] for step in made.result["steps"]] == [
        ["shop/__init__.py"],
        ["shop/__init__.py", "shop/info.py"],
    ], "never a file that nobody named"
    engine = Engine(answer(("Raise the rate", ["shop/tax.py"], [])))
    params = Plan.parse({"prompt": "Use total of cart.py in tax.py as vat.py did."})
    made = drive(plan, Context(engine), params, context=context)
    assert [step["files"] for step in made.result["steps"]] == [["shop/tax.py"]]


def test_names_that_nothing_defines_are_imported_or_told() -> None:
    texts = {
        "shop/__init__.py": "",
        "shop/cart.py": SHOP,
        "shop/tax.py": "from decimal import Decimal as D\n\n\ndef rate():\n    return D(2)\n",
    }
    wrong = "def total(cart):\n    return taxed(cart)\n"
    right = "def total(cart):\n    return math.floor(rate() * D(sum(cart)))\n"
    engine = Engine(wrong, right)
    made = edited(engine, texts, steps="Add the tax [shop/cart.py]")
    assert "Nothing defines taxed." in engine.asked[1][-2]["content"]
    (one,) = made.result["edits"]
    assert one["text"] == (
        "from decimal import Decimal as D\nimport math\nfrom .tax import rate\n" + right
    )
    assert imports_for(["total"], "shop/tax.py", texts) == "from .cart import total"
    texts["shop/cart.py"] = "from shop.tax import rate\n"
    assert imports_for(["total"], "shop/tax.py", texts) == "", "that would be a circle"


def test_no_request_no_folder_and_no_plan_are_told() -> None:
    with pytest.raises(BadInput, match="no request"):
        drive(plan, Context(), Plan.parse({"prompt": " ", "folder": "."}))
    with pytest.raises(BadInput, match="No folder"):
        drive(plan, Context(), Plan.parse({"prompt": "x"}))
    context = [{"path": "a.py", "text": SHOP}]
    with pytest.raises(BadInput, match="no plan"):
        drive(plan, Context(Engine("{")), Plan.parse({"prompt": "x"}), context=context)


def test_steps_are_read_as_people_write_them() -> None:
    text = "1. Add it [a.py, b.py]\n\n- [x] Test it\nUse a[0] now [./c.py]\n"
    assert read_steps(text) == [
        Step("Add it", ("a.py", "b.py")), Step("Test it"), Step("Use a[0] now", ("c.py",))
    ]  # fmt: skip
    assert read_steps(Step("Add it", ("a.py",)).line()) == [Step("Add it", ("a.py",))]
    with pytest.raises(BadInput, match="not a path inside"):
        read_steps("Steal [../../etc/passwd]")
    with pytest.raises(BadInput, match="too many"):
        read_steps("a step\n" * 21)


def test_steps_are_written_one_after_the_other_and_come_out_as_a_patch(folder: Path) -> None:
    cart = "from shop import total\n\nprint(total([1], 0.5))\n"
    engine = Engine("def total(cart, off=0):\n    return sum(cart) * (1 - off)\n", cart)
    steps = "Give a discount [shop.py]\nUse it [cart.py]"
    made = edited(engine, {"shop.py": SHOP}, steps=steps, others="Test it [tests.py]")
    elsewhere = "done elsewhere:\n- Use it [cart.py]\n- Test it [tests.py]\n"
    assert elsewhere in engine.asked[0][0]["content"]
    first, second = made.result["edits"]
    assert (first["path"], first["base"]) == ("shop.py", SHOP)
    assert second == {"path": "cart.py", "text": cart, "base": "", "added": 3, "removed": 0}
    assert "def total(cart, off=0)" in engine.asked[1][0]["content"], "the second step sees it"
    assert [wish.max_tokens > 1000 for wish in engine.wishes] == [False, True], "a new file is long"
    assert [row["changed"] for row in made.result["steps"]] == [["shop.py"], ["cart.py"]]
    (artifact,) = made.artifacts
    subprocess.run(["git", "apply", "-"], input=artifact.payload, cwd=folder, check=True)
    assert (folder / "shop.py").read_text() == first["text"]
    assert (folder / "cart.py").read_text() == cart


def test_of_a_long_file_only_the_parts_that_were_chosen_are_written_anew() -> None:
    chosen = json.dumps({"parts": ["Shop.price", "Shop", "total"]})
    method = "import math\n\nclass Shop:\n    def price(self):\n        return math.pi\n"
    function = "def total(cart):\n    return max(cart)\n\n\ndef f1():\n    pass\n"
    made = edited(Engine(chosen, method, function), {"long.py": LONG}, steps="Do it [long.py]")
    (one,) = made.result["edits"]
    expected = LONG.replace("return 1\n", "return math.pi\n").replace("sum(cart)", "max(cart)")
    assert one["text"] == expected.replace("import os\n", "import os\nimport math\n")


def test_a_reply_that_cannot_be_meant_is_corrected_once_else_told() -> None:
    wrong = "def total(cart:\n"
    made = edited(
        Engine(wrong, SHOP.replace("sum", "max")), {"shop.py": SHOP}, steps="Do [shop.py]"
    )
    assert made.result["edits"][0]["text"] == SHOP.replace("sum", "max")
    engine = Engine(wrong, "# ... rest of the code\n")
    made = edited(engine, {"shop.py": SHOP}, steps="Do [shop.py]")
    assert made.result["edits"] == []
    assert made.result["unapplied"] == [{"path": "shop.py", "why": "Parts of it are left out."}]
    assert "syntax error" in engine.asked[1][-2]["content"]
    assert made.result["note"] == "nothing changed"


def test_a_new_method_goes_into_its_class() -> None:
    source = Source("a.py", LONG)
    part = next(p for p in file_edit.choices(source) if p.name == f"{file_edit.NEW_IN}Shop")
    half = "    def half(self):\n        return 0.5\n"
    code = f"class Shop:\n    def price(self):\n        ...\n\n{half}"
    text = file_edit.with_part(source, part, code)
    assert text == LONG.replace("        return 'a'\n", f"        return 'a'\n\n{half}")
    assert file_edit.with_part(source, part, "def half(self):\n    return 0.5") == text


def test_what_is_added_is_chosen_by_the_names_of_the_request() -> None:
    offered = file_edit.choices(Source("a.py", LONG))
    names = [part.name for part in file_edit.likely(offered, "Add a method half() to Shop.")]
    assert names == [f"{file_edit.NEW_IN}Shop"]
    names = [part.name for part in file_edit.likely(offered, "Add a function half(shop).")]
    assert names == [file_edit.NEW]
    asked = "Add a function half(shop), and call it in price."
    assert [part.name for part in file_edit.likely(offered, asked)] == [
        file_edit.NEW,
        "Shop.price",
    ]
    assert len(file_edit.likely(offered, "Make Shop faster")) > 3, "the model chooses"


def test_a_new_definition_is_asked_for_beside_the_one_it_comes_after() -> None:
    engine = Engine("def half(self):\n    return 0.5\n")
    asked = {"steps": "Do it [long.py]", "prompt": "Add a method half() to Shop."}
    made = edited(engine, {"long.py": LONG}, **asked)
    assert "def half(self)" in made.result["edits"][0]["text"]
    (told,) = [messages[0]["content"] for messages in engine.asked]
    assert "comes after this one:\n```python\ndef name" in told


def test_of_overloads_the_one_with_a_body_is_written_anew() -> None:
    stubs = "@overload\ndef get(a: int) -> int: ...\n@overload\ndef get(a: str) -> str: ...\n"
    source = Source("a.py", f"{stubs}def get(a):\n    return a\n\n\n{LONG}")
    (part,) = [part for part in file_edit.choices(source) if part.name == "get"]
    assert file_edit.part_text(source, part) == "def get(a):\n    return a"


def test_a_new_definition_goes_to_the_end_and_line_ends_stay() -> None:
    source = Source("a.py", LONG.replace("\n", "\r\n"))
    part = next(part for part in file_edit.choices(source) if part.name == file_edit.NEW)
    text = file_edit.with_part(source, part, "def fresh():\n    return 2\n")
    assert text.endswith("pass\r\n\r\n\r\ndef fresh():\r\n    return 2\r\n")
    assert text.count("\n") == text.count("\r\n")
    above = file_edit.with_part(source, file_edit.choices(source)[-1], "import re\n")
    assert above.startswith("import re\r\n\r\n\r\ndef total")


def test_a_patch_bears_files_without_an_end_of_line() -> None:
    patch = file_edit.patch([Edited("a.txt", "one", "two")])
    assert patch.count("\\ No newline at end of file") == 2


def test_what_is_done_in_a_definition_is_done_in_its_file() -> None:
    """And a file of the plan does not get what another one defines."""
    texts = {"shop/errors.py": "# What goes wrong.\n", "shop/cart.py": f"{SHOP}{CLASS}"}
    asked = "Add an exception Sold, a KeyError, to errors.py, and raise it in Shop.price."
    context = [{"path": path, "text": text} for path, text in texts.items()]
    one, two = ("Add Sold", ["shop/errors.py"], []), ("Raise Sold in Shop", ["shop/errors.py"], [])
    for steps, title in (((one,), "Raise it in Shop.price"), ((one, two), "Raise Sold in Shop")):
        made = drive(
            plan, Context(Engine(answer(*steps))), Plan.parse({"prompt": asked}), context=context
        )
        assert made.result["steps"][1:] == [{"title": title, "files": ["shop/cart.py"]}]
    sold = "class Sold({}):\n    pass\n\n\nclass Shop:\n    pass\n"
    price = texts["shop/cart.py"].replace("return 1", "raise Sold('a')")
    again = "class Sold(KeyError):\n    pass\n"
    engine = Engine(sold.format("Exception"), price, again)
    steps = "Add Sold [shop/errors.py]\nRaise it [shop/cart.py]\nAdd Sold [shop/errors.py]"
    made = edited(engine, texts, prompt=asked, steps=steps)
    edits = {row["path"]: row["text"] for row in made.result["edits"]}
    assert edits["shop/errors.py"] == again
    assert edits["shop/cart.py"] == f"from errors import Sold\n{price}"
    assert made.result["unapplied"] == [], "the third step found its work done"


IN = "class Shop:\n  "


@pytest.mark.parametrize(
    ("request_", "wrong", "right"),
    [
        ("a method ready()", "@property\ndef ready(self): ...", "def ready(self): ..."),
        ("a function f(a, b=2)", "def f(a, c): ...", "def f(a, b=2, c=3): ..."),
        ("a property ready", f"{IN}def ready(self): ...", f"{IN}@property\n  def ready(self): ..."),
        ("a class Cart that derives from Shop", "class Cart: ...", "class Cart(Shop): ..."),
        ("an error Sold, which is a KeyError", "class Sold: ...", "class Sold(KeyError): ..."),
    ],
)
def test_the_form_that_a_request_gives_a_definition_is_kept(
    request_: str, wrong: str, right: str
) -> None:
    others, asked = {"shop.py": CLASS}, f"Add {request_}."
    text, told = met(asked, "", wrong, others)
    assert told if "def f" in wrong else (text, told) == (right, "")
    assert met(asked, "", right, others) == (right, "")
    assert met(asked, wrong, wrong, others) == (wrong, ""), "it was there"
    other = "Call f(3), as a class Shopper, a friend, would."
    assert met(other, "", wrong, others) == (wrong, "")


def test_new_definitions_stand_apart_as_python_has_it() -> None:
    source = Source("a.py", "import os\n\nclass A:\n    pass\n")
    text = f"{source.text}\n# two\n@cache\ndef b(): ...\ndef c(): ...\n\n\ndef d(): ...\n"
    assert file_edit.spaced(source, text) == (
        f"{source.text}\n\n# two\n@cache\ndef b(): ...\n\n\ndef c(): ...\n\n\ndef d(): ...\n"
    )
    assert file_edit.spaced(Source("b.py", ""), "def a(): ...\n") == "def a(): ...\n"
    texts = {"a.py": "import os\r\n"}
    engine = Engine("import os\ndef b():\n    pass\n")
    made = edited(engine, texts, prompt="Add b", steps="Add b [a.py]")
    assert made.result["edits"][0]["text"].count("\r\n") in (0, 5), "line ends are of one kind"
