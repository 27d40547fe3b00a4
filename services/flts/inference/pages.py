"""Pages for people: a forecast in the browser at `/`, and the API's description at `/docs`. Neither needs a CDN."""

import asyncio
from typing import Annotated, Any

from fastapi import FastAPI, Query
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from flts.forecasting.refusals import NoRecentRows
from flts.inference.inservice import Models
from flts.inference.newestrows import StoredRows, shown_rows
from flts.inference.schema import ANSWERS, LONGEST_SERIES, RowsResponse

DOCS_ASSETS = "/docs/assets"
_PAGE = ("flts.inference", "page")
_SWAGGER_UI = ("fastapi_offline", "static")
_INDEX_NAMES = ("time", "ts", "timestamp", "date")
_HEADERS = {
    # Nothing on the page comes from elsewhere, and no other page may frame it.
    "content-security-policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class _PageFiles(StaticFiles):
    """Files that browsers ask for again after an update, since their names do not change."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        """See StaticFiles."""
        response = super().file_response(*arguments, **options)
        response.headers.update({**_HEADERS, "cache-control": "no-cache"})
        return response


def add_docs(app: FastAPI) -> None:
    """The description of the API, with Swagger UI from a package in place of a CDN."""
    app.mount(DOCS_ASSETS, StaticFiles(packages=[_SWAGGER_UI]), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=app.title,
            swagger_js_url=f"{DOCS_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{DOCS_ASSETS}/swagger-ui.css",
            swagger_favicon_url="data:,",
        )


def add_page(app: FastAPI, in_service: Models, rows: StoredRows | None) -> None:
    """The page and the rows that it shows; who reaches the API can read both.

    `rows`: where rows are that came after those of the models; None: only these are shown.
    """
    files = _PageFiles(packages=[_PAGE])
    app.mount("/assets", files, name="page-assets")
    index, _ = files.lookup_path("index.html")

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(index, headers={**_HEADERS, "cache-control": "no-cache"})

    @app.get("/rows", responses={status: ANSWERS[status] for status in (400, 404, 503)})
    async def recent_rows(series: Annotated[str | None, Query(max_length=LONGEST_SERIES)] = None) -> RowsResponse:
        """The last rows of a series, in raw units. The answer is a body for /predict as it is."""
        name = in_service.name_of(series)
        spec = (await in_service.get(name)).spec
        newest = None if rows is None else await asyncio.to_thread(rows.read, name)
        recent = shown_rows(newest, spec)
        if recent is None:
            raise NoRecentRows(
                f"the model of {name!r} came without rows: it is from before 0.2.0, or its data end with fewer rows "
                f"without a gap than the {spec.rows_needed} that it looks at"
            )
        time = next(name for name in _INDEX_NAMES if name not in recent.columns)
        return RowsResponse(
            series=name,
            target=spec.transform.target,
            index_col=time,
            data={time: recent.times, **recent.columns},
        )
