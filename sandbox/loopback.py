"""Listen on this machine alone."""

import os
import socket


def listener(port: int) -> socket.socket:
    """Return a socket that listens on 127.0.0.1; port 0 takes any free one.

    Raises:
        SystemExit: with a sentence for the terminal, if somebody else has the port.
    """
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise SystemExit(f"Cannot listen on port {port}: {why}.") from None


def address(scheme: str, listening: socket.socket) -> str:
    """Return where others reach it, such as ``http://127.0.0.1:8025``."""
    return f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
