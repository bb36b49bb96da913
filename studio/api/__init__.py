"""Everything a plugin may import. What is not here may change without notice.

``schema.py`` uses the parameter part, ``plugin.py`` the window part, ``worker.py`` the worker part;
none of it imports Qt or torch.
"""

from __future__ import annotations

from studio.api.artifacts import Check, Kind, SavedArtifact, Verdict
from studio.api.bench import BenchContext
from studio.api.chores import Chores, outcome
from studio.api.constraint import Constraint
from studio.api.conversations import Conversation, Conversations, Message, ReplyJournal
from studio.api.embedding import EmbeddingEngine
from studio.api.errors import BadInput, Cancelled, ErrorCode, StudioError
from studio.api.gui import JobHandle, Page, PageAction, PluginContext
from studio.api.hookspecs import hookimpl
from studio.api.params import (
    Capability,
    File,
    Group,
    Hidden,
    Label,
    Params,
    Range,
    Seed,
    Text,
    WeightsId,
)
from studio.api.plain_text import clean as clean_text
from studio.api.sandbox import (
    Sandbox,
    SandboxLimits,
    SandboxRequest,
    SandboxResult,
    SandboxStep,
)
from studio.api.steps import finished
from studio.api.text import (
    ChatMessage,
    SamplingParams,
    TextEngine,
    TextStep,
    chat_messages,
)
from studio.api.ui import Tokens
from studio.api.worker import (
    Event,
    Loader,
    Placement,
    Requirements,
    Rung,
    TaskContext,
    WeightsFacts,
)
from studio.protocol.states import JobState, Priority

__all__ = [
    "BadInput",
    "BenchContext",
    "Cancelled",
    "Capability",
    "ChatMessage",
    "Check",
    "Chores",
    "Constraint",
    "Conversation",
    "Conversations",
    "EmbeddingEngine",
    "ErrorCode",
    "Event",
    "File",
    "Group",
    "Hidden",
    "JobHandle",
    "JobState",
    "Kind",
    "Label",
    "Loader",
    "Message",
    "Page",
    "PageAction",
    "Params",
    "Placement",
    "PluginContext",
    "Priority",
    "Range",
    "ReplyJournal",
    "Requirements",
    "Rung",
    "SamplingParams",
    "Sandbox",
    "SandboxLimits",
    "SandboxRequest",
    "SandboxResult",
    "SandboxStep",
    "SavedArtifact",
    "Seed",
    "StudioError",
    "TaskContext",
    "Text",
    "TextEngine",
    "TextStep",
    "Tokens",
    "Verdict",
    "WeightsFacts",
    "WeightsId",
    "chat_messages",
    "clean_text",
    "finished",
    "hookimpl",
    "outcome",
]
