"""An upstream that answers with what it was sent, under uvicorn in a process of its own."""

import json
import sys
from typing import Any

import uvicorn


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Echo method, path with query, headers and body."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    query = scope["query_string"].decode()
    seen = {
        "method": scope["method"],
        "path": scope["raw_path"].decode() + (f"?{query}" if query else ""),
        "headers": {key.decode("latin-1"): value.decode("latin-1")
                    for key, value in scope["headers"]},
        "body": body.decode(errors="replace"),
    }  # fmt: skip
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error", lifespan="off")
