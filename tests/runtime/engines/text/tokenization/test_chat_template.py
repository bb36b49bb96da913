"""Templates render as the reference does; hostile ones cost two seconds, and never the chat."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from datetime import datetime

import psutil
import pytest

from studio.protocol.connections.telemetry import TELEMETRY
from studio.runtime.engines.text.tokenization import chat_template as template_module
from studio.runtime.engines.text.tokenization import isolated_interpreter
from studio.runtime.engines.text.tokenization.chat_template import (
    ChatTemplate,
    TemplateRefused,
    built_in,
)

ASK = [{"role": "user", "content": "Hi & <bye> 'you' \"two\" 🙂"}]
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "Two."},
    {"role": "user", "content": "Three?"},
]
NAMES = {"bos_token": "<s>", "eos_token": "</s>"}
NOW = datetime(2026, 11, 25, 12, 30)


def render(source: str, messages=TALK, **how) -> template_module.Rendered:
    return ChatTemplate(source, NAMES, chatml=True).render(messages, now=NOW, **how)


SOUND = {
    "chatml": (
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' +"
        " message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "llama 2": (
        "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
        "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages ="
        " messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
        "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('roles must alternate') }}{% endif %}"
        "{% if loop.index0 == 0 and system_message != false %}{% set content ="
        " '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}"
        "{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}"
        "{{ bos_token + '[INST] ' + content | trim + ' [/INST]' }}"
        "{% elif message['role'] == 'assistant' %}{{ ' ' + content | trim + ' ' + eos_token }}"
        "{% endif %}{% endfor %}"
    ),
    "indented": (
        "{%- for message in messages %}\n    {%- if loop.first %}\n        {{- bos_token }}\n"
        "    {%- endif %}\n    {{ message.role | upper }}: {{ message.content | trim }}\n"
        "{% endfor %}\nend\n"
    ),
    "date": "{{ strftime_now('%d %b %Y') }}{{ messages | length }}",
    "tools": "{% if tools is defined and tools %}tools{% else %}none{% endif %}{{ bos_token }}",
    "json": "{{ messages | tojson }}\n{{ messages[0] | tojson(indent=2) }}",
    "loop control": "{% for m in messages %}{% if loop.index > 2 %}{% break %}{% endif %}"
    "{{ m.content }}{% endfor %}",
    "namespace": "{% set n = namespace(last='') %}{% for m in messages %}{% set n.last ="
    " m.content %}{% endfor %}{{ n.last }}",
    "generation": "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}"
    "{% endfor %}",
    "macro": "{% macro turn(m) %}[{{ m.role }}] {{ m.content }}{% endmacro %}"
    "{% for m in messages %}{{ turn(m) }}{% endfor %}",
}


@pytest.mark.parametrize("messages", [ASK, TALK], ids=["ask", "talk"])
@pytest.mark.parametrize("case", SOUND)
def test_renders_as_the_reference(case, messages, monkeypatch) -> None:
    from transformers.utils import chat_template_utils

    class Now(datetime):
        @classmethod
        def now(cls, tz=None):
            return NOW

    monkeypatch.setattr(chat_template_utils, "datetime", Now)
    theirs = chat_template_utils.render_jinja_template(
        conversations=[messages], chat_template=SOUND[case], add_generation_prompt=True, **NAMES
    )[0][0]
    ours = render(SOUND[case], messages)
    assert ours.text == theirs
    assert ours.note == ""


def test_without_a_template_the_built_in_format_is_used() -> None:
    assert render("", ASK).text == (
        "<|im_start|>user\nHi & <bye> 'you' \"two\" 🙂<|im_end|>\n<|im_start|>assistant\n"
    )
    plain = ChatTemplate("", NAMES, chatml=False).render(TALK)
    assert plain.text.startswith("System: Be brief.\n\nUser: One?\n\nAssistant: Two.")
    assert plain.text.endswith("Assistant:")
    assert plain.note == ""


def test_a_reply_may_be_left_unopened() -> None:
    assert not render(SOUND["chatml"], answer=False).text.endswith("assistant\n")
    assert not built_in(TALK, False, chatml=True).endswith("assistant\n")


def test_a_template_without_system_prompts_gets_it_in_the_first_question() -> None:
    source = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system here') }}{% endif %}"
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    )
    rendered = render(source)
    assert rendered.text == "[user]Be brief.\n\nOne?[assistant]Two.[user]Three?"
    assert rendered.note == ""


def test_a_refusal_is_told_in_a_sentence() -> None:
    chat = ChatTemplate(SOUND["llama 2"], NAMES, chatml=True)
    with pytest.raises(TemplateRefused, match="roles must alternate"):
        chat.render([*TALK, TALK[1]])
    assert chat.note == "", "the template is not at fault"
    assert chat.render(TALK).text.startswith("<s>[INST]")


CLASSES = "().__class__.__base__.__subclasses__()"
HOSTILE = {
    "globals of a function": "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "globals by attribute filter": "{{ lipsum | attr('__globals__') }}"
    "{{ (lipsum | attr('__globals__'))['os'] }}",
    "globals printed": "{{ lipsum.__globals__ }}",
    "subclasses": "{{ " + CLASSES + "[0]() }}",
    "subclasses of a string": "{{ ''.__class__.__mro__[1].__subclasses__()[0]() }}",
    "cycler": "{{ cycler.__init__.__globals__.os.getcwd() }}",
    "format string": "{{ '{0.__class__.__init__.__globals__[os]}'.format(cycler) ~ 1 // 0 }}",
    "own frame": "{{ raise_exception.__globals__['sys'].exit() }}",
    "code object": "{{ strftime_now.__func__.__code__.co_filename ~ 1 // 0 }}",
    "change what it was given": "{{ messages.append({'role': 'system', 'content': 'x'}) }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% from '/etc/passwd' import x %}",
    "nested ranges": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}"
    "{% endfor %}",
    "one long expression": "{{ 9 ** (9 ** 9) }}",
    "a string doubled": "{% set n = namespace(s='ab') %}{% for i in range(40) %}"
    "{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}",
    "a string multiplied": "{{ 'a' * 1500000000 }}",
    "a list multiplied": "{{ ([0] * 999999999) | length }}",
    "endless output": "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
    "endless recursion": "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "a filter that pads": "{{ 'x' | center(2000000000) }}",
    "nested a thousandfold": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "no template": "{% for %}{{",
    "an unknown name": "{{ nothing.at.all }}",
    "a division by zero": "{{ 1 // 0 }}",
}


def of_children() -> float:
    """Seconds of a processor that children have used which are gone."""
    times = os.times()
    return times.children_user + times.children_system


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_templates_end_in_the_built_in_format(case, monkeypatch) -> None:
    monkeypatch.setattr(template_module, "SECONDS", 0.5)
    chat = ChatTemplate(HOSTILE[case], NAMES, chatml=True)
    before = of_children()
    rendered = chat.render(TALK)
    assert rendered.text == built_in(TALK, True, chatml=True)
    assert "chat template failed" in rendered.note
    assert of_children() - before < 10, "far above the limit"
    assert chat.render(ASK).note == rendered.note, "it is not tried again"
    assert render(SOUND["chatml"]).note == "", "others are as well as before"


def test_nothing_of_a_hostile_template_shows_what_it_found(tmp_path) -> None:
    canary = tmp_path / "canary"
    source = f"{{{{ lipsum.__globals__['os'].system('touch {canary}') }}}}"
    assert render(source).note
    assert not canary.exists()


def test_an_endless_template_is_not_even_tried() -> None:
    assert "too long" in render("{# " + "x" * (1 << 20) + " #}").note


def test_a_note_is_one_line() -> None:
    note = render("{{ 1 // 0 }}\n{% endfor %}").note
    assert "\n" not in note
    assert len(note) < 300


def child() -> psutil.Process:
    renderer = template_module._renderer
    render(SOUND["chatml"])
    assert renderer._child is not None
    return psutil.Process(renderer._child._process.pid)


def test_one_child_renders_many() -> None:
    assert child().pid == child().pid


def test_a_child_that_died_in_between_is_replaced() -> None:
    first = child()
    first.kill()
    first.wait(60)
    assert render(SOUND["chatml"]).note == ""
    assert child().pid != first.pid


def test_the_child_has_nothing_of_the_users_environment(monkeypatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "a secret")
    template_module.end_renderer()
    waits = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(waits, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as usual:
        assert usual.stdout is not None
        usual.stdout.readline()  # before it runs, it has no environment to look at
        inherited = psutil.Process(usual.pid).environ()
    assert "SOME_TOKEN" in inherited, "control: a child gets it by itself"
    assert set(child().environ()) <= {*isolated_interpreter._NEEDED, *TELEMETRY}


def test_the_child_imports_no_more_than_jinja() -> None:
    source = (
        "import runpy, sys; sys.argv = ['x', '268435456', '2'];"
        " sys.stdin.close(); runpy.run_path(sys.orig_argv[-1], run_name='child');"
        " heavy = {'torch', 'numpy', 'studio', 'transformers'} & set(sys.modules);"
        " print(sorted(heavy))"
    )
    words = [sys.executable, "-I", "-c", source, str(template_module._CHILD)]
    out = subprocess.run(words, capture_output=True, text=True, timeout=150, check=True).stdout
    assert out.strip() == "[]"


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "rendering"])
def test_the_child_goes_when_its_parent_is_killed(busy) -> None:
    template = HOSTILE["nested ranges"] if busy else "x"
    source = (
        "import sys, threading, time\n"
        "from studio.runtime.engines.text.tokenization import chat_template as t\n"
        "t.SECONDS = 0.5\n"
        "t._Child._wait = lambda self, seconds: self._answers.get()\n"
        "t.ChatTemplate('x', {}, chatml=True).render([])\n"
        "print(t._renderer._child._process.pid, flush=True)\n"
        f"t.ChatTemplate({template!r}, {{}}, chatml=True).render([])\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        renderer = psutil.Process(int(parent.stdout.readline()))
        if busy:
            while renderer.cpu_times().user < 0.3:
                time.sleep(0.01)
        assert renderer.is_running(), "control"
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    renderer.wait(150)  # its own watch ends it after twice the time: a second of a processor


def test_there_is_no_second_renderer() -> None:
    root = template_module._CHILD.parents[5]
    imports = re.compile(r"^\s*(?:import|from) jinja2", re.MULTILINE)
    files = [file for part in ("studio", "plugins") for file in (root / part).rglob("*.py")]
    users = [file.name for file in files if imports.search(file.read_text("utf-8"))]
    assert users == ["chat_template_child.py"]
