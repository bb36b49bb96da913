"""Everything that can be said of a plugin before anybody runs it: what its author should mend.

``check(path)`` looks at a project, a package or a wheel; each finding has a rule, a file, a line
and a cure. What concerns the code itself is found out in a process that is thrown away.
"""

from __future__ import annotations

from studio.plugins.check.plugin_check import Report, check

__all__ = ["Report", "check"]
