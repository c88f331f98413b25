"""Entry point of a worker that was started as a process of its own, where fork is missing or unsafe."""

import json
import socket
import sys

from grader.worker import main


def start() -> None:
    """Read one order from standard input, connect back, and serve."""
    order = json.loads(sys.stdin.buffer.read())
    exercise = order["exercise"]
    probes = main.warm_up({exercise["name"]: exercise})[exercise["name"]]
    connection = socket.create_connection(("127.0.0.1", order["port"]))
    connection.sendall(order["token"].encode())
    main.run(connection, probes, exercise["framework"], order["forbidden"], lambda: {"layers": [], "breaches": []})
