"""The web application: loopback only, a token, nothing of a student's taken for markup.

Starlette routes the requests; answers travel as JSON and the page writes them as text nodes. Its own
script and style come from files; the content security policy allows no others.
"""

from __future__ import annotations

import hmac
import secrets
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import uvicorn
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
from grader.gradebook.store import StoreError
from grader.reports.page import render
from grader.review.desk import Desk

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


@dataclass(frozen=True)
class About:
    """A request about one question, named by its check."""

    question: str


_T = TypeVar("_T", bound=About)


@dataclass(frozen=True)
class Read(About):
    """How some answers, named by their digests, were read; see `Desk.review`."""

    answers: list[str]
    review: Review
    typing: bool = False


@dataclass(frozen=True)
class RubricItem(About):
    """An item for the rubric, or (`item`: its number) a changed one."""

    text: str
    points: float
    item: int | None = None


@dataclass(frozen=True)
class Snippet(About):
    """A comment to keep for use again."""

    text: str


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
        write_pages: writes feedback and class pages anew; returns where the class page lies.
    """

    async def page(request: Request) -> HTMLResponse:
        title = desk.key.title.to(desk.lang)
        written = render("review.html", desk.lang, "grader.review", title=title, second=desk.second)
        return HTMLResponse(written)

    async def start(request: Request) -> JSONResponse:
        return await _told(lambda: {"lang": desk.lang, "questions": desk.overview()})

    async def question(request: Request) -> JSONResponse:
        return await _told(lambda: desk.shown(request.path_params["id"]))

    def route(path: str, kind: type[_T], change: Callable[[_T], Any]) -> Route:
        """A request whose JSON is a `kind`; the question is shown as `change` leaves it."""

        async def handle(request: Request) -> JSONResponse:
            data = await _body(request)

            def work() -> dict[str, Any]:
                sent = msgspec.json.decode(data, type=kind)
                undone = change(sent)
                return {**desk.shown(sent.question), "undone": undone}

            return await _told(work)

        return Route(path, handle, methods=["POST"])

    async def pages(request: Request) -> JSONResponse:
        return await _told(lambda: {"written": str(write_pages())})

    routes = [
        Route("/", page),
        Route("/api/start", start),
        Route("/api/question/{id:str}", question),
        route(
            "/api/review", Read, lambda m: desk.review(m.question, m.answers, m.review, m.typing)
        ),
        route("/api/undo", About, lambda m: desk.undo(m.question)),
        route("/api/item", RubricItem, lambda m: desk.item(m.question, m.item, m.text, m.points)),
        route("/api/snippet", Snippet, lambda m: desk.snippet(m.text)),
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


async def _body(request: Request) -> bytes:
    """What was sent; nothing if it is more than the page ever sends."""
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > MAX_BODY:
            return b""
    return data


async def _told(work: Callable[[], dict[str, Any]]) -> JSONResponse:
    """The result of `work`, done in a thread; a refusal as status 400, a failure as 500."""
    try:
        return JSONResponse(await run_in_threadpool(work))
    except StoreError as error:
        return JSONResponse({"error": str(error)}, 500)
    except (ValueError, msgspec.MsgspecError) as error:
        return JSONResponse({"error": str(error)}, 400)


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
    desk: Desk, port: int, write_pages: Callable[[], Path], ready: Callable[[str, Path], None]
) -> None:
    """Serve until interrupted.

    Args:
        ready: called with the address to open, token included, once it can be opened, and a file
            that leads there: a browser's command line, with what it opens, is seen by other users.
    """
    token = secrets.token_urlsafe(24)
    with listen(port) as found:
        found.listen(128)
        app = make_app(desk, token, write_pages)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        address = f"http://127.0.0.1:{found.getsockname()[1]}/?token={token}"
        with tempfile.TemporaryDirectory() as room, suppress(KeyboardInterrupt):
            door = Path(room) / "review.html"  # the folder is its owner's alone
            door.write_text(f'<meta http-equiv="refresh" content="0; url={address}">', "utf-8")
            _Server(config, lambda: ready(address, door)).run(sockets=[found])
