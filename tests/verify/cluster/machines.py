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
TRIES = 4


def main() -> None:
    """Serve until standard input ends."""
    cluster = Cluster()
    _add(
        cluster,
        num_cpus=0,
        include_dashboard=False,
        ray_client_server_port=int(os.environ["CLIENT_PORT"]),
    )
    nodes: dict[str, Any] = {}
    _answer(cluster.address)
    for line in sys.stdin:
        order = json.loads(line)
        name, environment = order["name"], order.get("environment")
        if environment is None:
            cluster.remove_node(nodes.pop(name), allow_graceful=False)
        else:
            told = {**os.environ, **environment}
            nodes[name] = _add(cluster, num_cpus=1, node_name=name, env_vars=told)
        _answer(name)
    cluster.shutdown()


def _add(cluster: Cluster, **how: Any) -> Any:
    """Start a node. Ray gives it 30 seconds, which is not enough on a busy machine."""
    for _ in range(TRIES - 1):
        try:
            return cluster.add_node(object_store_memory=STORE, **how)
        except Exception as error:  # noqa: BLE001 - Ray raises no other kind
            print(error, file=sys.stderr)
    return cluster.add_node(object_store_memory=STORE, **how)


def _answer(text: str) -> None:
    _ANSWERS.write(json.dumps(text) + "\n")
    _ANSWERS.flush()


if __name__ == "__main__":
    _ANSWERS = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Ray talks, too
    main()
