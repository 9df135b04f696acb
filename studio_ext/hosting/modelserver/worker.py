"""One worker process: loads the model, then answers requests on its socket.

Run by path with the interpreter of the model's environment:
``python worker.py <framework> <model folder> <socket> <beat file>``.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import signal
import sys
import traceback


def _package() -> str:
    """Load this folder as a package whose name clashes with nothing; gives the name.

    The folder itself must not be on sys.path, where the model's libraries are looked up.
    """
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != folder]
    name = "studio_modelserver"
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return name


def main(framework: str, model_dir: str, path: str, beat_file: str) -> int:
    """Load and serve; 1 when the model cannot be loaded."""
    import faulthandler

    faulthandler.enable()  # a crash or a hang leaves a traceback in the log
    faulthandler.register(signal.SIGUSR2, all_threads=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    package = _package()
    importlib.import_module(f"{package}.lossy").install()
    beats, sockets, handlers = (
        importlib.import_module(f"{package}.{name}") for name in ("beat", "sockets", "handlers")
    )
    importlib.import_module(f"{package}.compat").install()
    beat = beats.Beat(beat_file)
    try:
        service = handlers.service(framework, model_dir, os.environ)
        service.load()
    except BaseException as error:
        traceback.print_exc()
        lines = traceback.format_exception_only(type(error), error)
        beat.failed("".join(lines).strip().removeprefix(f"{package}.errors.ConfigurationError: "))
        return 1
    gc.collect()
    gc.freeze()  # the model lives as long as the process: collections need not look at it
    limit = int(float(os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB") or 6) * 1024 * 1024)
    server = sockets.Server(service, path, beat, limit)
    beat.ready()
    server.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
