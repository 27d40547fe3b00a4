"""A raw ASGI echo, as a yardstick for /predict: the same server, parsing the same body, and nothing else.

Runs inside a pod of the forecast API, so that image, CPU limit and network are the same: `python -c SOURCE PORT SECONDS`.
"""

import asyncio
import json
import sys

import uvicorn
import uvloop


async def echo(scope, receive, send):
    """Parse the body and send it back."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if body:
        json.loads(body)
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def main(port, seconds):
    """Serve for so long."""
    config = uvicorn.Config(
        echo,
        host="",
        port=port,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        access_log=False,
        log_level="warning",
    )
    server = uvicorn.Server(config)
    asyncio.get_running_loop().call_later(seconds, setattr, server, "should_exit", True)
    await server.serve()


# The event loop that uvicorn chooses for the API.
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main(int(sys.argv[1]), float(sys.argv[2])))
