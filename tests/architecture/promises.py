"""What plugins are promised is what they get. The type checker reads this; nothing runs it."""

from __future__ import annotations

from studio import api
from studio.api import weights as api_weights
from studio.api.window import context as window_context
from studio.api.window import library as api_library
from studio.api.window import ui as api_ui
from studio.api.worker import context as worker_context
from studio.base.notices import Notices
from studio.base.settings import Namespace
from studio.desktop.forms.form import ParamsFormWidget
from studio.desktop.kit.artifact_actions import ArtifactActions
from studio.desktop.kit.drop_target import DropTarget
from studio.desktop.kit.kept_results import PageResults
from studio.desktop.kit.mode_forms import ModeForms
from studio.desktop.kit.page_kit import PageKit
from studio.desktop.kit.prompt_field import PromptField
from studio.desktop.kit.run_button import RunButton
from studio.desktop.kit.run_controller import RunController
from studio.desktop.kit.weights_picker import WeightsPicker
from studio.desktop.plugin_context import CatalogueView, PluginContext, PluginLibrary, PluginTasks
from studio.desktop.prose.plain_view import PlainView
from studio.desktop.prose.prose_view import ProseView
from studio.desktop.ui import WindowUi
from studio.desktop.widgets.job_rows import ProgressRow, TroubleRow
from studio.desktop.widgets.switch_bar import SwitchBar
from studio.jobs.job import Job
from studio.library.conversations import Conversations
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.loader import TextLoader
from studio.runtime.jobs.context import Context


def window(
    context: PluginContext,
    tasks: PluginTasks,
    job: Job,
    library: PluginLibrary,
    conversations: Conversations,
    weights: CatalogueView,
    settings: Namespace,
    notices: Notices,
    ui: WindowUi,
    form: ParamsFormWidget,
    progress: ProgressRow,
    trouble: TroubleRow,
    prose: ProseView,
    plain: PlainView,
    switch: SwitchBar,
) -> None:
    """The window half."""
    _context: api.PluginContext = context
    _tasks: window_context.Tasks = tasks
    _job: api.JobHandle = job
    _library: api_library.LibraryView = library
    _conversations: api.Conversations = conversations
    _weights: api_weights.WeightsView = weights
    _settings: window_context.SettingsView = settings
    _notices: window_context.Notices = notices
    _ui: api_ui.Ui = ui
    _form: api_ui.ParamsForm = form
    _progress: api_ui.ProgressRow = progress
    _trouble: api_ui.TroubleRow = trouble
    _prose: api_ui.ProseView = prose
    _plain: api_ui.PlainView = plain
    _switch: api_ui.SwitchBar = switch


def page_kit(
    kit: PageKit,
    run: RunController,
    button: RunButton,
    modes: ModeForms,
    results: PageResults,
    actions: ArtifactActions,
    target: DropTarget,
    field: PromptField,
    picker: WeightsPicker,
) -> None:
    """The parts of pages."""
    _kit: api.Kit = kit
    _run: api.RunController = run
    _button: api.RunButton = button
    _modes: api.ModeForms = modes
    _results: api.PageResults = results
    _actions: api.ArtifactActions = actions
    _target: api.DropTarget = target
    _field: api.PromptField = field
    _picker: api.WeightsPicker = picker


def runtime(context: Context, loader: TextLoader, engine: TextEngine) -> None:
    """The worker half."""
    _context: worker_context.TaskContext = context
    _loader: worker_context.Loader = loader
    _engine: api.TextEngine = engine
