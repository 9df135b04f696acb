"""What code that is not Studio's own must not see of the machine that it runs on."""

from __future__ import annotations

from ..config import Config
from ..run.layout import temporaries
from ..store.database import socket_folder


def hidden_from_code(config: Config) -> list[str]:
    """Folders in which jobs, models and flows find nothing but what is their own.

    The home, where sockets and temporary files of others lie, and the socket of the database's
    server, which may let in whoever is the system's user that serves Studio.
    """
    folders = [config.home, str(config.socket_dir), str(temporaries())]
    database = socket_folder(config.database_url)
    return [*folders, database] if database else folders
