"""Calls one URL without a pause until its standard input ends, then prints how it was answered.

A process of its own, so that a busy test neither slows the calls nor hides a failed one.
"""

import http.client
import json
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit


def main() -> None:
    """`URL` as the argument; the token is the first line of standard input."""
    parts = urlsplit(sys.argv[1])
    headers = {"authorization": f"Bearer {sys.stdin.readline().strip()}"}
    done = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
    seen = Counter[str]()
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    while not done.is_set():
        try:
            connection.request("GET", parts.path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            seen[str(answer.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            seen[type(error).__name__] += 1
            connection.close()
            time.sleep(0.005)
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
