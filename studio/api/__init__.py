"""Public API for plugins. Everything outside this package may change without notice.

``schema.py`` uses the parameter part, ``plugin.py`` the window part, ``worker.py`` the worker part;
none of it imports Qt or torch.

Where things are:

* Forms, flags and schemas generated from one class: ``params.py``, ``desktop/forms/``,
  ``cli/terminal/flags.py``.
* Translatable texts of core or of a task: ``worker/sentence.py``: ``sentence(…)`` creates one,
  ``as_parts(…)`` serialises it into a result, ``translated(…)`` translates; files written by a task
  (``.md``, CSV) stay in English.
* Fine-tuning language models and running the result: ``worker/tuning.py`` is the interface for
  tasks, ``runtime/engines/text/adapters/`` applies an adapter while its base loads; the lab
  trains (pictures: ``plugins/image/studio_image/additions/``).
* Building blocks of pages: interfaces in ``window/``, implementations in ``desktop/``.
* Audio input and output; dictation into any field: ``window/sound``;
  ``studio/desktop/dictation.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.api.artifacts import Check, Kind, NewArtifact, SavedArtifact, Verdict
from studio.api.clean_text import clean as clean_text
from studio.api.comparison import Difference, Effect, difference
from studio.api.errors import BadInput, Cancelled, ErrorCode, StudioError
from studio.api.hookspecs import hookimpl
from studio.api.inputs import Inputs
from studio.api.intake import DropTarget, PromptField, WeightsPicker, local_files
from studio.api.jobs import JobEnd, JobHandle, JobRequest
from studio.api.kit import Kit
from studio.api.params import (
    Capability,
    ColumnsOf,
    File,
    Group,
    Hidden,
    Label,
    Params,
    Range,
    RenamedFrom,
    Seed,
    ShownIf,
    Text,
    WeightsId,
)
from studio.api.results import ArtifactActions, PageResults, TaskResult, file_stem
from studio.api.roles import Role
from studio.api.runs import Mode, ModeForms, RunButton, RunController
from studio.api.sampling_fields import MaxTokens, MinP, Temperature, TextModel, TopK, TopP
from studio.api.sandbox import (
    Sandbox,
    SandboxLimits,
    SandboxRequest,
    SandboxResult,
    SandboxStep,
)
from studio.api.stability import former_names
from studio.api.window.context import Page, PageAction, PluginContext, UsedSettings
from studio.api.window.conversations import (
    Conversation,
    Conversations,
    Message,
    NewConversation,
    NewMessage,
    ReplyJournal,
)
from studio.api.window.narration import Narration
from studio.api.window.ui import ProgressRow, Tokens, TroubleRow, Ui
from studio.api.window.work_queue import WorkQueue, outcome
from studio.api.worker.bench import BenchContext, Times, median_figures, median_times
from studio.api.worker.bm25 import bm25
from studio.api.worker.call_outcome import CalledArtifact, CallOutcome
from studio.api.worker.constraint import Constraint
from studio.api.worker.context import (
    Event,
    LibraryReader,
    Loader,
    Placement,
    Requirements,
    Rung,
    Task,
    TaskContext,
    WeightsFacts,
)
from studio.api.worker.embedding import EmbeddingEngine
from studio.api.worker.energy import EnergyUse
from studio.api.worker.fonts import font_file
from studio.api.worker.generators import finished
from studio.api.worker.intermediates import Intermediates, KeepEvent
from studio.api.worker.sentence import Sentence, as_parts, sentence, translated
from studio.api.worker.text import ChatMessage, SamplingParams, TextEngine, TextStep, chat_messages
from studio.api.worker.text_generation import WrittenText, fit_prompt, write_text, write_texts
from studio.protocol.regular_file import open_regular, read_regular
from studio.protocol.states import JobState, Priority

__all__ = [
    "ArtifactActions",
    "BadInput",
    "BenchContext",
    "CallOutcome",
    "CalledArtifact",
    "Cancelled",
    "Capability",
    "ChatMessage",
    "Check",
    "ColumnsOf",
    "Constraint",
    "Conversation",
    "Conversations",
    "Difference",
    "DropTarget",
    "Effect",
    "EmbeddingEngine",
    "EnergyUse",
    "ErrorCode",
    "Event",
    "File",
    "Group",
    "Hidden",
    "Inputs",
    "Intermediates",
    "JobEnd",
    "JobHandle",
    "JobRequest",
    "JobState",
    "KeepEvent",
    "Kind",
    "Kit",
    "Label",
    "LibraryReader",
    "Loader",
    "MaxTokens",
    "Message",
    "MinP",
    "Mode",
    "ModeForms",
    "Narration",
    "NewArtifact",
    "NewConversation",
    "NewMessage",
    "Page",
    "PageAction",
    "PageResults",
    "Params",
    "Placement",
    "PluginContext",
    "Priority",
    "ProgressRow",
    "PromptField",
    "Range",
    "RenamedFrom",
    "ReplyJournal",
    "Requirements",
    "Role",
    "RunButton",
    "RunController",
    "Rung",
    "SamplingParams",
    "Sandbox",
    "SandboxLimits",
    "SandboxRequest",
    "SandboxResult",
    "SandboxStep",
    "SavedArtifact",
    "Seed",
    "Sentence",
    "ShownIf",
    "StudioError",
    "Task",
    "TaskContext",
    "TaskResult",
    "Temperature",
    "Text",
    "TextEngine",
    "TextModel",
    "TextStep",
    "Times",
    "Tokens",
    "TopK",
    "TopP",
    "TroubleRow",
    "Ui",
    "UsedSettings",
    "Verdict",
    "WeightsFacts",
    "WeightsId",
    "WeightsPicker",
    "WorkQueue",
    "WrittenText",
    "as_parts",
    "bm25",
    "chat_messages",
    "clean_text",
    "difference",
    "file_stem",
    "finished",
    "fit_prompt",
    "font_file",
    "hookimpl",
    "local_files",
    "median_figures",
    "median_times",
    "open_regular",
    "outcome",
    "read_regular",
    "sentence",
    "translated",
    "write_text",
    "write_texts",
]

if not TYPE_CHECKING:  # type checkers know the names of today only
    __getattr__ = former_names(__name__)
