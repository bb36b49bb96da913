"""Runtime half that ends its process at once."""

from __future__ import annotations

import os

os._exit(9)
