"""The button of the composer that lets a conversation use tools, and whose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtWidgets import QMenu, QPushButton

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_chat.pages.tools.settings import ToolSettings
from studio_chat.tools import own


class ToolSwitch:
    """*Tools* with a menu: on or off, which makers, and whether the plan is shown first."""

    def __init__(self, ctx: PluginContext, changed: Callable[[ToolSettings], None]) -> None:
        self._ctx, self._changed = ctx, changed
        self.settings = ToolSettings()
        self.widget: QPushButton = ctx.ui.button(tr("Tools"), "wrench")
        self.widget.setAccessibleName(tr("Tools"))
        self.widget.setCheckable(True)
        self.widget.clicked.connect(self._open)
        self.show_settings(self.settings)

    def show_settings(self, settings: ToolSettings) -> None:
        """Show the settings of a conversation."""
        self.settings = settings
        self.widget.setChecked(settings.on)
        self.widget.setToolTip(
            tr("Tools are on: the model can use the studio's tools (it asks first)")
            if settings.on
            else tr("Let the model use the studio's tools (it asks first)")
        )

    def show_words(self, shown: bool) -> None:
        """Show the word beside the icon, or the icon alone."""
        self.widget.setText(tr("Tools") if shown else "")

    def menu(self) -> QMenu:
        """Return the menu as it is now."""
        menu: QMenu = self._ctx.ui.menu()
        self._check(
            menu, tr("Use tools"), self.settings.on, lambda on: replace(self.settings, on=on)
        )
        self._check(
            menu,
            tr("Plan first"),
            self.settings.plan,
            lambda on: replace(self.settings, plan=on),
        )
        menu.addSeparator()
        makers = [(own.GROUP, tr("Search, documents, calculation")), *self._ctx.tools.groups()]
        for id, title in makers:
            used = id not in self.settings.without
            self._check(menu, title, used, partial(self._with_maker, id))
        return menu

    def _with_maker(self, maker: str, on: bool) -> ToolSettings:
        others = tuple(other for other in self.settings.without if other != maker)
        return replace(self.settings, without=others if on else (*others, maker))

    def _check(
        self, menu: QMenu, title: str, on: bool, settings_for: Callable[[bool], ToolSettings]
    ) -> None:
        action = menu.addAction(title)
        action.setCheckable(True)
        action.setChecked(on)
        action.toggled.connect(lambda now: self._take(settings_for(now)))

    def _take(self, settings: ToolSettings) -> None:
        self.show_settings(settings)
        self._changed(settings)

    def _open(self) -> None:
        self.widget.setChecked(self.settings.on)
        self.menu().popup(self.widget.mapToGlobal(self.widget.rect().topLeft()))
