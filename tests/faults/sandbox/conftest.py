"""The sandbox in both tiers, and a run in it to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from studio.api.sandbox import SandboxRequest, SandboxResult
from studio.sandbox.sandbox import Sandbox

Run = Callable[..., SandboxResult]


@pytest.fixture(scope="session", params=["A", "B"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Both must stand on a machine that runs the tests: what is not tried is not known."""
    found = Sandbox(request.param)
    assert found.tier == request.param, found.reason
    return found


@pytest.fixture
def run(sandbox: Sandbox) -> Run:
    def to_its_end(code: str, **request: Any) -> SandboxResult:
        steps = list(sandbox.run(SandboxRequest(("python", "-c", code), **request)))
        assert not any(step.result for step in steps[:-1])
        result = steps[-1].result
        assert result is not None
        assert b"".join(step.stdout for step in steps) == result.stdout
        return result

    return to_its_end
