"""The window half: page, viewer and formats of molecules. Imports none of them before its use."""

from __future__ import annotations
