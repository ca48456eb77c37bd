"""The web application: loopback only, a token, nothing of a student's taken for markup.

Starlette routes the requests; answers travel as JSON and the page writes them as text nodes. Its own
script and style come from files; the content security policy allows no others.
"""

from __future__ import annotations

import hmac
import json
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grader.gradebook.decisions import Review
from grader.review.desk import BadRequest, Desk
from grader.review.words import WORDS

MAX_BODY = 200_000
HERE = Path(__file__).parent
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Lets in who has the token, once in the address and then in a cookie; nobody else.

    Requests that change something must come from the page itself (``Origin``).
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app = app
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        request = Request(scope)
        name = cookie_name(request)
        given = request.query_params.get("token", "")
        if request.method == "GET" and request.url.path == "/" and self._fits(given):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(name, self.token, httponly=True, samesite="strict", path="/")
            await answer(scope, receive, with_headers)
            return
        if not self._fits(request.cookies.get(name, "")):
            refusal = PlainTextResponse(
                "Open the address that grader review printed, with its token.\n", 403
            )
            await refusal(scope, receive, with_headers)
            return
        if request.method not in ("GET", "HEAD"):
            origin = request.headers.get("origin", "")
            kind = request.headers.get("content-type", "").split(";")[0]
            if origin != f"http://{request.headers.get('host', '')}" or kind != "application/json":
                await PlainTextResponse("not from this page\n", 403)(scope, receive, with_headers)
                return
        await self.app(scope, receive, with_headers)

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())


def cookie_name(request: Request) -> str:
    """Cookies do not know ports: two reviews at a time need two names."""
    return f"grader_review_{request.url.port or 80}"


def make_app(desk: Desk, token: str, write_pages: Callable[[], Path]) -> Starlette:
    """The application.

    Args:
        desk: what it shows and keeps.
        token: what a visitor must have.
        write_pages: writes feedback and class pages anew; returns where the class page lies.
    """
    environment = Environment(
        loader=PackageLoader("grader.review"), autoescape=True, undefined=StrictUndefined
    )
    words = {k: t.to(desk.lang) for k, t in WORDS.items()}

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(
            environment.get_template("review.html").render(
                lang=desk.lang, w=words, title=desk.key.title.to(desk.lang)
            )
        )

    async def start(request: Request) -> JSONResponse:
        questions = await run_in_threadpool(desk.overview)
        return JSONResponse({"words": words, "lang": desk.lang, "questions": questions})

    async def question(request: Request) -> JSONResponse:
        return await _told(lambda: desk.shown(request.path_params["id"]))

    async def review(request: Request) -> JSONResponse:
        sent = await _body(request)

        def keep() -> dict[str, Any]:
            id, answers = _text(sent, "question"), sent.get("answers")
            if not isinstance(answers, list) or not all(isinstance(a, str) for a in answers):
                raise BadRequest("answers: a list")
            read = sent.get("review")
            if not isinstance(read, dict):
                raise BadRequest("review: an object")
            desk.review(id, answers, Review.from_dict(read), sent.get("typing") is True)
            return desk.shown(id)

        return await _told(keep)

    async def undo(request: Request) -> JSONResponse:
        sent = await _body(request)

        def back() -> dict[str, Any]:
            id = _text(sent, "question")
            undone = desk.undo(id)
            return {**desk.shown(id), "undone": undone}

        return await _told(back)

    async def item(request: Request) -> JSONResponse:
        sent = await _body(request)

        def change() -> dict[str, Any]:
            id, points, which = _text(sent, "question"), sent.get("points"), sent.get("item")
            if isinstance(points, bool) or not isinstance(points, (int, float)):
                raise BadRequest("points: a number")
            if which is not None and type(which) is not int:
                raise BadRequest("item: a whole number")
            desk.item(id, which, _text(sent, "text"), float(points))
            return desk.shown(id)

        return await _told(change)

    async def snippet(request: Request) -> JSONResponse:
        sent = await _body(request)

        def add() -> dict[str, Any]:
            desk.snippet(_text(sent, "text"))
            return desk.shown(_text(sent, "question"))

        return await _told(add)

    async def pages(request: Request) -> JSONResponse:
        return await _told(lambda: {"written": str(write_pages())})

    routes = [
        Route("/", page),
        Route("/api/start", start),
        Route("/api/question/{id:str}", question),
        Route("/api/review", review, methods=["POST"]),
        Route("/api/undo", undo, methods=["POST"]),
        Route("/api/item", item, methods=["POST"]),
        Route("/api/snippet", snippet, methods=["POST"]),
        Route("/api/pages", pages, methods=["POST"]),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
            Middleware(Guard, token=token),
        ],
    )


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object sent; {} for anything else, which every handler then refuses."""
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > MAX_BODY:
            return {}
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(sent: dict[str, Any], name: str) -> str:
    value = sent.get(name)
    if not isinstance(value, str):
        raise BadRequest(f"{name}: a text")
    return value


async def _told(work: Callable[[], dict[str, Any]]) -> JSONResponse:
    """The result of `work`, done in a thread; a refusal as status 400, a failure as 500."""
    try:
        return JSONResponse(await run_in_threadpool(work))
    except ValueError as error:
        return JSONResponse({"error": str(error)}, 400)
    except RuntimeError as error:
        return JSONResponse({"error": str(error)}, 500)


def listen(port: int) -> socket.socket:
    """A socket on loopback; `port` 0: any free one.

    Raises:
        OSError: the port is taken.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
    except OSError:
        found.close()
        raise
    return found


class _Server(uvicorn.Server):
    """A server that says when it can be reached, and interrupted."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def serve(
    desk: Desk, port: int, write_pages: Callable[[], Path], ready: Callable[[str], None]
) -> None:
    """Serve until interrupted.

    Args:
        ready: called with the address to open, token included, once it can be opened.
    """
    token = secrets.token_urlsafe(24)
    with listen(port) as found:
        found.listen(128)
        app = make_app(desk, token, write_pages)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        address = f"http://127.0.0.1:{found.getsockname()[1]}/?token={token}"
        try:
            _Server(config, lambda: ready(address)).run(sockets=[found])
        except KeyboardInterrupt:
            pass
