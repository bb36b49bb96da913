"""Variables that keep libraries from reporting home: one table, for every process of the studio."""

from __future__ import annotations

from typing import Final

TELEMETRY: Final = {
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",  # diffusers, transformers
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "OTEL_SDK_DISABLED": "true",  # opentelemetry, which mcp brings
    "RAY_USAGE_STATS_ENABLED": "0",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "DOTNET_CLI_TELEMETRY_OPTOUT": "1",  # tools that Code runs
    "npm_config_update_notifier": "false",
}
"""For all of them: set before anything is imported, and handed to whatever they start."""

OFFLINE: Final = {
    **TELEMETRY,
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""For those without a network: no library that a task imports may ask it for anything."""
