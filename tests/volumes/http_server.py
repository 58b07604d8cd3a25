"""A loopback HTTP server whose behaviour can be switched while it runs."""

import time
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread


class Switched:
    """What the server does next, and what it was asked."""

    def __init__(self):
        self.mode = "fine"
        self.only = ""  # the mode holds for paths with this in them
        self.times = None  # how many more times; None for ever
        self.asked = []
        self.queries = set()
        self.headers = set()  # Authorization
        self.lock = Lock()

    def set(self, mode, only="", times=None):
        self.mode, self.only, self.times = mode, only, times
        self.asked.clear()

    def next(self, path):
        with self.lock:
            place, _, query = path.partition("?")
            self.asked.append(place)
            self.queries.add(query)
            if self.mode == "fine" or self.only not in path or self.times == 0:
                return "fine"
            if self.times is not None:
                self.times -= 1
            return self.mode


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args, switched, **options):
        self.switched = switched
        super().__init__(*args, **options)

    def do_GET(self):
        self.switched.headers.add(self.headers.get("Authorization"))
        mode = self.switched.next(self.path)
        if mode.isdigit():
            self.send_response(int(mode))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif mode == "reset":
            self.close_connection = True
            self.connection.shutdown(2)
        elif mode == "hang":
            time.sleep(1.5)
            self.close_connection = True
        elif mode in {"cut", "empty", "html"}:
            self.answer(mode)
        else:
            super().do_GET()

    def answer(self, mode):
        body = {"cut": b"x" * 10, "empty": b"", "html": b"<html>Sorry</html>"}[mode]
        self.send_response(200)
        self.send_header("Content-Length", str(1000 if mode == "cut" else len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = mode == "cut"

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that gave up


@contextmanager
def serving(folder):
    """Serve a folder; gives its address and the switch."""
    switched = Switched()
    server = Server(("127.0.0.1", 0), partial(Handler, directory=str(folder), switched=switched))
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", switched
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
