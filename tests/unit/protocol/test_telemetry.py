"""No process of the studio starts without the variables that keep libraries from reporting home."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from studio.automation.clusters.main import RAY_SETTINGS
from studio.base.child import runtime_environment
from studio.plugin_process import launch
from studio.protocol.connections.telemetry import OFFLINE, TELEMETRY
from studio.runtime.engines.text.tokenization.isolated_interpreter import bare_environment
from studio.sandbox.plan import _environment


@pytest.mark.parametrize(
    "environment",
    [
        runtime_environment(), launch.environment("folder"), bare_environment(), RAY_SETTINGS,
        OFFLINE, _environment("box", "lent"),
    ],
    ids=["runtime", "plugin", "bare", "ray", "offline", "sandbox"],
)  # fmt: skip
def test_whatever_is_started_has_them(environment: Mapping[str, str]) -> None:
    assert TELEMETRY.items() <= environment.items()


def test_the_command_itself_has_them_before_it_imports_anything() -> None:
    code = (
        "import json, os, sys\n"
        "for name in list(os.environ):\n"
        "    if 'TELEMETRY' in name or name == 'DO_NOT_TRACK': del os.environ[name]\n"
        "from studio.__main__ import main\n"
        "class Stop(Exception): pass\n"
        "def stop(*_): raise Stop\n"
        "sys.modules['studio.cli.main'] = type(sys)('main')\n"
        "sys.modules['studio.cli.main'].main = stop\n"
        "try: main(['doctor'])\n"
        "except Stop: print(json.dumps(dict(os.environ)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert TELEMETRY.items() <= json.loads(done.stdout).items()
