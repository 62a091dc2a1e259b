"""A service that only answers for its health: what the supervisor needs to see of one."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path.startswith("/health/") else 404)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        address = ("127.0.0.1", int(os.environ["KOKEMUS_HTTP_PORT"]))
        HTTPServer(address, _Handler).serve_forever()
