"""The HTTP protocol of Label Studio's ML backends, as Label Studio 1.23 speaks it.

- ``GET /health``: is it there? Asked before everything else; the answer must come
  within a second.
- ``POST /setup``: which model version is it? Asked before each batch.
- ``POST /predict``: predictions for tasks, one answer per task.
- ``POST /webhook``: annotations came, changed or went; or: train on all of them.
"""

from __future__ import annotations

import hmac
import logging
import os
from pathlib import Path
from typing import Any

from backend import Backend
from flask import Flask, Response, request
from memory import Memory

from ls_tools import LsToolsError, Resolver, Settings

Json = dict[str, Any]

# Label Studio waits 100 s for predictions, however many tasks it asked for.
_MEDIA_PATIENCE_S = 30.0


def create_app() -> Flask:
    """The application of one worker; all workers share the cache and the memory."""
    logging.basicConfig(format="<%(process)d> %(levelname)s %(name)s: %(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its retries are not news
    # LABEL_STUDIO_URL, LABEL_STUDIO_API_KEY and LS_TOOLS_… come from the environment.
    resolver = Resolver(Settings.from_env(retry_total_s=_MEDIA_PATIENCE_S))
    memory = Memory(Path(os.environ.get("MODEL_DIR", "model")).resolve())
    app = Flask(__name__)
    _add_login(app)
    _add_routes(app, Backend(resolver, memory))
    app.register_error_handler(ValueError, _refuse)
    app.register_error_handler(KeyError, _refuse)
    app.register_error_handler(LsToolsError, _fail)
    return app


def _add_routes(app: Flask, backend: Backend) -> None:
    @app.get("/health")
    def health() -> Json:
        return {"status": "UP", "model_class": type(backend).__name__}

    @app.post("/setup")
    def setup() -> Json:
        asked = request.get_json()
        backend.check(asked["schema"])
        # The URL and the token in here are not used: whoever sends them could be
        # anyone, and the environment has both.
        return {"model_version": backend.version(_project_in(asked))}

    @app.post("/predict")
    def predict() -> Json:
        asked = request.get_json()
        project, config = _project_in(asked), asked["label_config"]
        predictions = backend.predict(project, asked["tasks"], config)
        # An empty list makes Label Studio store nothing, and ask again another time.
        return {"results": [[] if one is None else one for one in predictions]}

    @app.post("/webhook")
    def webhook() -> Json:
        told = request.get_json()
        return {"model_version": _learn(backend, told["action"], told)}


def _learn(backend: Backend, action: str, told: Json) -> str:
    """Do what a webhook calls for; the model version afterwards."""
    project, config = told["project"]["id"], told["project"]["label_config"]
    if action == "START_TRAINING":
        return backend.learn_all(project, config)
    if action in ("ANNOTATION_CREATED", "ANNOTATION_UPDATED"):
        return backend.learn(project, [(told["task"], told["annotation"])], config)
    if action == "ANNOTATIONS_DELETED":
        return backend.forget(project, [gone["id"] for gone in told["annotations"]])
    return backend.version(project)


def _project_in(asked: Json) -> int:
    """The project id of ``7.1763800000``: Label Studio adds the time of creation."""
    return int(str(asked["project"]).partition(".")[0])


def _add_login(app: Flask) -> None:
    """Ask for BASIC_AUTH_USER and BASIC_AUTH_PASS, where both are set."""
    user, password = map(os.environ.get, ("BASIC_AUTH_USER", "BASIC_AUTH_PASS"))
    if not (user and password):
        return
    expected = f"{user}:{password}".encode()

    @app.before_request
    def check() -> Response | None:
        login = request.authorization
        given = f"{login.username}:{login.password}".encode() if login else b""
        if hmac.compare_digest(given, expected):
            return None
        return Response(status=401, headers={"WWW-Authenticate": "Basic"})


def _refuse(error: Exception) -> tuple[Json, int]:
    """The request makes no sense."""
    return {"error": f"{type(error).__name__}: {error}"}, 400


def _fail(error: LsToolsError) -> tuple[Json, int]:
    """Label Studio was asked for something in turn, and did not give it."""
    if isinstance(error, ValueError):
        return _refuse(error)
    logging.getLogger("ml_backend").error("%s", error)
    return {"error": str(error)}, 502
