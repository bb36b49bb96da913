"""A Ray cluster in a process of its own: adds machines and takes them away, as it is told.

Its head has no processor; each machine has one, and a home and plugins of its own. Reads a line of
JSON for each order, and answers with one.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from ray.cluster_utils import Cluster

STORE = 80 << 20


def main() -> None:
    """Serve until standard input ends."""
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 0,
            "include_dashboard": False,
            "object_store_memory": STORE,
            "ray_client_server_port": int(os.environ["CLIENT_PORT"]),
        },
    )
    nodes: dict[str, Any] = {}
    _answer(cluster.address)
    for line in sys.stdin:
        order = json.loads(line)
        name, environment = order["name"], order.get("environment")
        if environment is None:
            cluster.remove_node(nodes.pop(name), allow_graceful=False)
        else:
            nodes[name] = cluster.add_node(
                num_cpus=1,
                node_name=name,
                env_vars={**os.environ, **environment},
                object_store_memory=STORE,
            )
        _answer(name)
    cluster.shutdown()


def _answer(text: str) -> None:
    _ANSWERS.write(json.dumps(text) + "\n")
    _ANSWERS.flush()


if __name__ == "__main__":
    _ANSWERS = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Ray talks, too
    main()
