"""Files are read by the one opener, which waits for no pipe, reads no device, and is bounded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source_tree import ROOT, name, product_files

OPENER = "studio/protocol/regular_file.py"
OWN = (
    "__file__",
    "/proc",
    "/sys/",
    "artifact.path",
    "_artifact",
    "_HERE",
    "_SHEET",
    "_LIST",
    "files(",
)
"""What a path is made of that nobody but us or the kernel has put there."""
PARTS = {
    "bench": "measures with files that it has made itself",
    "evaluation": "likewise",
    "inside": "programs in the sandbox: they find nothing of the studio, and are bounded by it",
    "probes": "likewise",
    "testing": "the kit of tests",
}
EXCEPTIONS = {
    "studio/plugins/check/code_child.py": "a child's order, by its parent, in the sandbox",
    "studio/plugins/install/trial.py": "a program of our own",
    "studio/plugins/install/trial_child.py": "likewise an order",
    "studio/models/pickle_conversion.py": "a program of our own",
    "studio/desktop/appearance/icons.py": "icons of the installation",
    "studio/desktop/appearance/theme.py": "likewise",
    "studio/desktop/window/about.py": "texts of the installation",
    "studio/protocol/blobs.py": "checks more: owner, links and length",
    "studio/runtime/devices/device.py": "what the kernel says",
    "studio/runtime/devices/energy.py": "what the kernel says",
    "studio/runtime/engines/embedding/convert.py": "run by hand to make our own weights",
    "studio/runtime/engines/text/kernels/jit.py": "our own source, and a mark in the cache",
    "studio/runtime/weights_check/unpickle.py": "standard input, in the sandbox",
    "studio/protocol/runtime_children.py": "what the kernel says of processes",
    "studio/sandbox/network_gate.py": "a pipe from a child of its own",
    "studio/sandbox/plan.py": "what the kernel says of processes",
    "studio/sandbox/interpreter.py": "the interpreter itself",
    "studio/serving/token.py": "checks more: owner and mode",
    "plugins/chat/studio_chat/documents/passages.py": "opens without waiting, and checks itself",
    "plugins/chat/studio_chat/documents/pdf.py": "a program of our own, and standard input",
    "plugins/chat/studio_chat/documents/ranking.py": "vectors in the cache that it has written",
    "plugins/chat/studio_chat/pages/conversations/list_view.py": "a page it has just written",
    "plugins/code/studio_code/execution/tool_runner.py": "a program of our own",
    "plugins/code/studio_code/source.py": "opens without waiting, and checks itself",
    "plugins/image/studio_image/grid/film_file.py": "a film it has just written",
    "plugins/image/studio_image/restyle/conversion.py": "run by hand to make our own weights",
    "plugins/image/studio_image/tasks/grid.py": "results of a task that it has called",
    "plugins/image/studio_image/upscale/ncnn.py": "run by hand to make our own weights",
    "plugins/lab/studio_lab/datasets/examples.py": "lists of our own",
    "plugins/lab/studio_lab/handover.py": "weights that a training has just written",
    "plugins/lab/studio_lab/scaling/points_file.py": "its own notes among checkpoints",
    "plugins/molecules/studio_molecules/docking/conversion.py": "run by hand, for our own data",
    "plugins/molecules/studio_molecules/docking/program.py": "runs in the sandbox",
    "plugins/molecules/studio_molecules/docking/vina_run.py": "what the sandbox handed over",
    "plugins/music/studio_music/audio/synth/font_trial.py": "a child that may die of its font",
    "plugins/molecules/studio_molecules/chem/synthesis.py": "a table of RDKit's installation",
    "plugins/voice/studio_voice/books/chapter_marks.py": "a book it has just written",
    "plugins/voice/studio_voice/speech/video_sound.py": "a child in the sandbox, and what it wrote",
    "plugins/voice/studio_voice/tasks/speech.py": "what a child of its own has written",
}


def bare_reads(file: Path, text: str) -> Iterator[str]:
    """Yield each call that reads a file by its path without the opener."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and _reads(node):
            source = ast.get_source_segment(text, node) or ""
            if not any(own in source for own in OWN):
                yield f"{name(file)}:{node.lineno}: {source}"


def _reads(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr in ("read_text", "read_bytes"):
        return not isinstance(function.value, ast.Name) or function.value.id not in MODULES
    modes = [each.value for each in call.args if isinstance(each, ast.Constant)]
    modes += [
        each.value.value
        for each in call.keywords
        if each.arg == "mode" and isinstance(each.value, ast.Constant)
    ]
    written = [each for each in modes if isinstance(each, str) and len(each) <= 3]
    if isinstance(function, ast.Name) and function.id == "open":
        return not written or "r" in written[-1]
    if isinstance(function, ast.Attribute) and function.attr == "open":
        is_text = any(each.arg == "encoding" for each in call.keywords)
        return any(each in ("r", "rb", "rt") for each in written) or (is_text and not written)
    return False


MODULES = {"disk_files", "audio_files"}


def read_elsewhere() -> list[Path]:
    return [
        file
        for file in product_files()
        if name(file) != OPENER and not PARTS.keys() & set(file.relative_to(ROOT).parts)
    ]


def test_files_are_read_by_the_one_opener() -> None:
    found = [
        hit
        for file in read_elsewhere()
        if name(file) not in EXCEPTIONS
        for hit in bare_reads(file, file.read_text("utf-8"))
    ]
    assert found == [], "use open_regular, read_regular, read_note or read_result"


def test_exceptions_are_needed() -> None:
    idle = [
        path
        for path in EXCEPTIONS
        if not (ROOT / path).is_file()
        or not list(bare_reads(ROOT / path, (ROOT / path).read_text("utf-8")))
    ]
    assert idle == []


def test_the_pattern_finds_what_it_is_for() -> None:
    """The control."""
    code = (
        "open(path)\nopen(path, 'rb')\npath.open('rb')\npath.open(encoding='utf-8')\n"
        "path.read_text()\nfolder.joinpath('a').read_bytes()\n"
        "open(path, 'w')\npath.open('ab')\nlibrary.open(paths)\npath.write_text('')\n"
        "Path(__file__).read_bytes()\n"
    )
    lines = [hit.split(":")[1] for hit in bare_reads(ROOT / "control.py", code)]
    assert lines == ["1", "2", "3", "4", "5", "6"]
