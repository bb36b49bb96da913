"""Window half that asks to end the studio."""

from __future__ import annotations

import sys

sys.exit(3)
