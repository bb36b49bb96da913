"""What looks at the code of a plugin: runs in a process of its own, once, for one of its halves."""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
import traceback
from collections.abc import Iterator, Mapping
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

import msgspec
import pluggy

from studio.api.errors import BadInput, ErrorCode, StudioError
from studio.api.frozen_schema import freeze, thaw
from studio.api.hookspecs import PROJECT, WindowHooks, WorkerHooks
from studio.api.manifest import Manifest, named_files
from studio.api.params import FieldKind, Params
from studio.plugins.check.manifest_rules import IN_STUDIO
from studio.plugins.check.project_rules import Sources
from studio.plugins.check.toml_lines import Place, line_of
from studio.plugins.discovery import MANIFEST
from studio.plugins.finding import Finding

_FORBIDDEN = {
    "worker": ("PySide6", "qt-in-worker", "the runtime has no window"),
    "plugin": ("torch", "torch-in-window", "the window would stand still for seconds"),
}
_NUMBERS = (FieldKind.INTEGER, FieldKind.NUMBER)


class Look:
    """One look at one half."""

    def __init__(self, sources: Sources, text: str, half: str) -> None:
        self.sources, self.text, self.half = sources, text, half
        self.manifest = sources.manifest
        self.findings: list[Finding] = []

    def blame(
        self, rule: str, words: str, file: str = "", line: int = 0, cure: str = "", **more: Any
    ) -> None:
        """Take a finding down."""
        self.findings.append(Finding(rule, words, file, line, cure, **more))

    def blame_key(self, rule: str, words: str, place: Place, cure: str = "", **more: Any) -> None:
        """Record a finding at a place of the manifest."""
        self.blame(rule, words, MANIFEST, line_of(self.text, place), cure, **more)

    def whole(self) -> None:
        """Look at all there is."""
        watch = _Watch(self)
        sys.meta_path.insert(0, watch)
        if self.half == "worker":
            self._schemas()
        module = self._imported(getattr(self.manifest, self.half))
        sys.meta_path.remove(watch)
        if module is None:
            return
        hooks = self._hooks(module)
        if hooks is not None:
            (self._worker if self.half == "worker" else self._window)(module, hooks)

    # --- importing ----------------------------------------------------------------------------

    def _imported(self, module: str) -> Any:
        try:
            return importlib.import_module(module)
        except BaseException as error:  # noqa: BLE001 - whatever it does is what was to be found out
            file, line = self.place_of(error)
            cure = "Let a module do nothing but define at import."
            if isinstance(error, ModuleNotFoundError) and error.name:
                top = error.name.partition(".")[0]
                is_own = top == self.sources.package.name
                cure = (
                    "Correct the name."
                    if is_own
                    else (
                        f"If your project depends on it, say so in pyproject.toml; to try it here: "
                        f"python -m pip install {top}"
                    )
                )
            words = f"Importing {module} failed: {_in_words(error)}."
            self.blame("import", words, file, line, cure)
            return None

    def place_of(self, error: BaseException) -> tuple[str, int]:
        """Return file and line of the plugin's own code that ``error`` came through last."""
        if isinstance(error, SyntaxError) and error.filename and self._is_own(error.filename):
            return self.sources.name_of(Path(error.filename)), error.lineno or 0
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if self._is_own(frame.filename)]
        return self._named(own[-1].filename, own[-1].lineno) if own else ("", 0)

    def place_of_caller(self) -> tuple[str, int] | None:
        """Return file and line of the plugin's code that is being run; None if none is."""
        for frame in reversed(traceback.extract_stack()):
            if self._is_own(frame.filename):
                return self._named(frame.filename, frame.lineno)
        return None

    def place_of_function(self, function: Any) -> tuple[str, int]:
        """Return where a function of the plugin is defined."""
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is None or not self._is_own(code.co_filename):
            return "", 0
        return self._named(code.co_filename, code.co_firstlineno)

    def _is_own(self, file: str) -> bool:
        return Path(file).is_relative_to(self.sources.package)

    def _named(self, file: str, line: int | None) -> tuple[str, int]:
        return self.sources.name_of(Path(file)), line or 0

    # --- parameters ---------------------------------------------------------------------------

    def _schemas(self) -> None:
        for number, task in enumerate(self.manifest.tasks):
            module, _, name = task.params.partition(":")
            schema = self._imported(module)
            if schema is None:
                continue
            params = getattr(schema, name, None)
            if not (isinstance(params, type) and issubclass(params, Params)):
                words = f"{task.params} is not a Params class."
                self.blame_key("missing-class", words, ("tasks", number, "params"), "Correct it.")
                continue
            if not self._schema(params, self._class_place(params)):
                continue
            for where, name in named_files(self.manifest, task.id, params.fields()):
                words = f"It names a file for “{name}”: only a person can pick files."
                self.blame_key("file-value", words, where, "Leave it out.")
            self._tour(task.id, params)
            names = {*(field.name for field in params.fields()), *task.inputs}
            for kind, filled in task.accepts.items():
                if filled not in names:
                    words = f"“{task.id}” has no parameter or input “{filled}” for {kind}."
                    cure = f"It has: {', '.join(sorted(names))}."
                    self.blame_key("accepts", words, ("tasks", number, "accepts"), cure)
            numbers = {field.name for field in params.fields() if field.kind in _NUMBERS}
            for name in set(task.grows_with) - numbers:
                words = f"“{task.id}” has no number “{name}” that its time could grow with."
                cure = f"It has: {', '.join(sorted(numbers)) or 'none'}."
                self.blame_key("grows-with", words, ("tasks", number, "grows_with"), cure)
        for heavy in ("torch", "PySide6"):
            if heavy in sys.modules and not any(f.rule == "heavy-schema" for f in self.findings):
                words = f"Its schema imports {heavy}, and is read in every process."
                self.blame("heavy-schema", words, cure="Import it inside the task.")

    def _class_place(self, params: type[Params]) -> tuple[str, int]:
        file = inspect.getsourcefile(params) or ""
        if not self._is_own(file):
            return "", 0
        return self._named(file, inspect.getsourcelines(params)[1])

    def _field_place(
        self, params: type[Params], name: str, place: tuple[str, int]
    ) -> tuple[str, int]:
        """Return where a field is declared: at ``place``, where its class begins, or below."""
        lines, _ = inspect.getsourcelines(params) if place[0] else ([], 0)
        matches = (n for n, line in enumerate(lines) if line.strip().startswith(f"{name}:"))
        return place[0], place[1] + next(matches, 0)

    def _schema(self, params: type[Params], place: tuple[str, int]) -> bool:
        """Look at the fields; return whether they can be read at all."""
        name = params.__name__
        try:
            fields = params.fields()
        except Exception as error:  # noqa: BLE001 - any annotation may be broken
            self.blame("schema", f"{name} cannot be read: {_in_words(error)}.", *place)
            return False
        for field in fields:
            where = f"{name}.{field.name}"
            if field.kind is FieldKind.WEIGHTS and not field.capability:
                words = f"{where} does not say which weights fit."
                self.blame(
                    "no-capability", words, *place, cure="Add Capability(…).", is_advice=True
                )
            if field.required or field.default is None:
                continue
            if field.kind is FieldKind.FILE and field.default:
                words = f"The default of {where} is a file: only a person can pick files."
                file, line = self._field_place(params, field.name, place)
                self.blame("file-value", words, file, line, 'Write = "".')
            try:
                field.check(field.default)
            except BadInput as error:
                cure = "Choose a default within the range."
                self.blame(
                    "default-range", f"The default of {where}: {error.message}", *place, cure
                )
        if self.manifest.isolation != IN_STUDIO:
            try:
                thaw(freeze(params))
            except Exception as error:  # noqa: BLE001 - any type may be one that nobody knows
                cure = "Use the types of REFERENCE.md."
                words = f"{name} cannot be read without its code: {_in_words(error)}."
                self.blame("schema-frozen", words, *place, cure)
        return True

    def _tour(self, task: str, params: type[Params]) -> None:
        for number, example in enumerate(self.manifest.tour):
            if example.task != task:
                continue
            try:
                params.parse(dict(example.params))
            except StudioError as error:
                if error.code is ErrorCode.PLUGIN_FAILED:
                    continue  # a default of its own, which is a finding already
                words = f"The example “{example.title}” cannot run: {error.message}"
                self.blame_key("tour", words, ("tour", number, "params"), error.hint)

    # --- hooks --------------------------------------------------------------------------------

    def _hooks(self, module: Any) -> Any:
        specs: type[Any] = WorkerHooks if self.half == "worker" else WindowHooks
        hooks_known = {name for name in vars(specs) if name.startswith("studio_")}
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(specs)
        for name, function in vars(module).items():
            if not callable(function) or not name.startswith("studio_"):
                continue
            is_hook = hasattr(function, f"{PROJECT}_impl")
            if is_hook and name not in hooks_known:
                self.blame(
                    "unknown-hook", f"There is no hook “{name}” in this half.",
                    *self.place_of_function(function), f"Hooks: {', '.join(sorted(hooks_known))}.",
                )  # fmt: skip
            elif not is_hook and name in hooks_known:
                self.blame(
                    "no-hookimpl", f"“{name}” is not decorated: nobody will call it.",
                    *self.place_of_function(function), "Write @hookimpl above it.",
                )  # fmt: skip
        try:
            manager.register(module)
        except pluggy.PluginValidationError as error:
            self._wrong_arguments(module, specs, hooks_known, error)
            return None
        return manager.hook

    def _wrong_arguments(
        self, module: Any, specs: type[Any], hook_names: set[str], error: Exception
    ) -> None:
        for name in sorted(hook_names):
            function = getattr(module, name, None)
            if function is None:
                continue
            allowed = [a for a in inspect.signature(getattr(specs, name)).parameters if a != "self"]
            for argument in inspect.signature(function).parameters:
                if argument not in allowed:
                    words = f"“{name}” takes “{argument}”, which it is not given."
                    cure = f"It is given: {', '.join(allowed) or 'nothing'}."
                    self.blame("hook-arguments", words, *self.place_of_function(function), cure)
                    return
        self.blame("hook", f"Its hooks cannot be used: {_in_words(error)}.")

    def _result(self, module: Any, hooks: Any, name: str, *given: Any) -> Any:
        """Return the result of a hook; None if it is missing or fails."""
        if not getattr(hooks, name).get_hookimpls():
            return None
        function = getattr(module, name)
        try:
            return function(*given[: len(inspect.signature(function).parameters)])
        except BaseException as error:  # noqa: BLE001 - see above
            if not given:  # with what stands for a context it need not work
                words = f"“{name}” failed: {_in_words(error)}."
                self.blame("hook", words, *self.place_of(error))
            return None

    def _is_mapping(self, value: Any, module: Any, name: str) -> bool:
        if isinstance(value, Mapping):
            return True
        if value is not None:
            words = f"“{name}” returns {type(value).__name__}; it must be a mapping."
            self.blame("hook-result", words, *self.place_of_function(getattr(module, name)))
        return False

    # --- the worker half ----------------------------------------------------------------------

    def _worker(self, module: Any, hooks: Any) -> None:
        declared_tasks = self._result(module, hooks, "studio_tasks")
        tasks = declared_tasks if self._is_mapping(declared_tasks, module, "studio_tasks") else {}
        for number, task in enumerate(self.manifest.tasks):
            place: Place = ("tasks", number, "id")
            if task.id not in tasks:
                words = f"Its worker provides no task “{task.id}”."
                self.blame_key("missing-task", words, place, "Return it from studio_tasks.")
            elif not inspect.isgeneratorfunction(inspect.unwrap(tasks[task.id])):
                words = f"The function of “{task.id}” has no yield: it is not a generator."
                where = self.place_of_function(tasks[task.id])
                self.blame("no-generator", words, *where, cure="Yield events.", is_advice=True)
        for name in tasks.keys() - {task.id for task in self.manifest.tasks}:
            words = f"The manifest lacks the task “{name}” of its worker."
            self.blame_key("undeclared-task", words, ("tasks",), "Declare it.", is_advice=True)
        loaders = list(self._result(module, hooks, "studio_loaders") or ())
        declared = {item.family for item in self.manifest.families}
        for loader in loaders:
            if (family := getattr(loader, "family", "")) not in declared:
                words = f"The manifest lacks the family “{family}”: its files are not found."
                self.blame_key("family", words, ("families",), "Declare it under [[families]].")
        for number, item in enumerate(self.manifest.families):
            if item.family not in {getattr(loader, "family", "") for loader in loaders}:
                words = f"No loader of its worker is for the family “{item.family}”."
                cure = "Return one from studio_loaders."
                self.blame_key("family", words, ("families", number, "family"), cure)
        checks = self._result(module, hooks, "studio_checks")
        self._is_mapping(checks, module, "studio_checks")

    # --- the window half ----------------------------------------------------------------------

    def _window(self, module: Any, hooks: Any) -> None:
        stand_in = _StandIn()
        pages = self._result(module, hooks, "studio_pages", stand_in)
        if self._is_mapping(pages, module, "studio_pages"):
            for number, page in enumerate(self.manifest.pages):
                if page.id not in pages and not page.tasks:
                    words = f"“studio_pages” builds no page “{page.id}”."
                    self.blame_key("missing-page", words, ("pages", number, "id"), "Return it.")
        elif (
            not all(page.tasks for page in self.manifest.pages)
            and not hooks.studio_pages.get_hookimpls()
        ):
            self.blame_key("missing-page", "Nobody builds its pages.", ("pages",), "studio_pages.")
        for name in ("studio_viewers", "studio_exporters"):
            result = self._result(module, hooks, name, stand_in)
            self._is_mapping(result, module, name)
        settings = self._result(module, hooks, "studio_settings", stand_in)
        is_class = isinstance(settings, type) and issubclass(settings, Params)
        if settings is not None and not is_class:
            words = f"“studio_settings” returns {settings!r:.80}; it must be a Params class."
            self.blame("hook-result", words, *self.place_of_function(module.studio_settings))


class _StandIn:
    """A stand-in for the window context: every attribute exists."""

    def __getattr__(self, name: str) -> Any:
        return _StandIn()

    def __call__(self, *_: Any, **__: Any) -> Any:
        return _StandIn()


class _Watch(MetaPathFinder):
    """Detects imports that are not allowed in this half."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._name, self._rule, self._why = _FORBIDDEN[look.half]

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        """Find nothing."""
        if fullname == self._name:
            file, line = self._look.place_of_caller() or ("", 0)
            words = f"Importing its {self._look.half} half imports {fullname}: {self._why}."
            cure = "Import it inside the function that needs it, or in the other half."
            self._look.blame(self._rule, words, file, line, cure)


def _in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:300]}".rstrip(": ").rstrip(".")


def _findings(order: Mapping[str, Any]) -> Iterator[Finding]:
    spec = importlib.util.find_spec(order["package"])
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(next(iter(spec.submodule_search_locations)))
    manifest = msgspec.convert(order["manifest"], Manifest)
    look = Look(Sources(package, manifest), order["text"], order["half"])
    look.whole()
    yield from look.findings


def main(order: str, answer: str) -> None:
    """Execute the order in the file ``order``; write the findings to the file ``answer``."""
    findings = list(_findings(json.loads(Path(order).read_text("utf-8"))))
    Path(answer).write_bytes(msgspec.json.encode(findings))


if __name__ == "__main__":
    main(*sys.argv[1:])
