"""A yardstick: FastAPI's conveniences read and answer the body of a forecast. `python fastapi_route.py PORT` serves."""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Columns(BaseModel):
    """Columns of cells, as in a request and an answer of /predict."""

    data: dict[str, list[str | float]]


app = FastAPI()


@app.get("/healthz")
async def healthz() -> None:
    """Answer when the server listens."""


@app.post("/predict")
async def echo(columns: Columns) -> Columns:
    """Validate the body, and the answer."""
    return columns


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        lifespan="off",
        ws="none",
        proxy_headers=False,
        access_log=False,
        log_level="warning",
    )
