"""The demo shop: log in, look at a product, order it.

  shop.py             serves on port 3000, behind a server that speaks TLS
  shop.py customer    makes a customer of three lines on standard input: e-mail, name, password

Environment: SESSION_KEY signs the cookies; PGHOST, PGDATABASE, PGUSER and PGPASSWORD lead to the database.
"""

import os
import re
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import psycopg2

import pages
import store
from session import Session, fits

PORT = 3000
LONGEST_FORM = 64 * 1024


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "shop"
    timeout = 30
    key = b""

    def do_GET(self):
        self.answer(self.get)

    def do_POST(self):
        self.answer(self.post)

    def answer(self, work):
        """Every fault is a page; what is wrong with the database is told to the log and not to customers."""
        self.session = Session.read(self.key, self.headers.get("Cookie"))
        try:
            work()
        except psycopg2.Error as error:
            print(f"database: {str(error).strip()}", file=sys.stderr, flush=True)
            self.send(503, pages.fault("Closed", "We cannot sell anything at the moment.", self.session))

    def get(self):
        number = re.fullmatch(r"/product/(\d{1,9})", self.path)
        if self.path == "/style.css":
            self.send(200, pages.STYLE, "text/css")
        elif self.path == "/":
            self.send(200, pages.home(store.products(12), self.session))
        elif self.path == "/login":
            self.send(200, pages.login(self.session))
        elif self.path == "/account" and self.session.customer is not None:
            self.send(200, pages.account(*store.account(self.session.customer), self.session))
        elif self.path == "/account":
            self.redirect("/login")
        elif number and (found := store.product(int(number[1]))):
            self.send(200, pages.product(found, self.session))
        else:
            self.send(404, pages.fault("Not here", "There is no such page.", self.session))

    def post(self):
        form = self.form()
        if not self.session.sent(form.get("csrf", "")):
            self.send(403, pages.fault("Refused", "This form is not ours, or too old.", self.session))
        elif self.path == "/login":
            self.log_in(form)
        elif self.path == "/logout":
            self.session = Session(self.key)
            self.redirect("/")
        elif self.path == "/order" and self.session.customer is not None:
            self.order(form)
        elif self.path == "/order":
            self.redirect("/login")
        else:
            self.send(404, pages.fault("Not here", "There is no such page.", self.session))

    def log_in(self, form):
        found = store.login(form.get("email", ""))
        if found is None or not fits(form.get("password", ""), found[1]):
            self.send(403, pages.login(self.session, "Unknown address, or wrong password."))
            return
        self.session = Session(self.key, found[0])
        self.redirect("/account")

    def order(self, form):
        number, quantity = form.get("product", ""), form.get("quantity", "")
        if not re.fullmatch(r"\d{1,9}", number) or not re.fullmatch(r"[1-9]\d?", quantity):
            self.send(400, pages.fault("Refused", "Order 1 to 99 of a product.", self.session))
            return
        invoice = store.order(self.session.customer, int(number), int(quantity))
        if invoice is None:
            self.send(409, pages.fault("Sold out", "There is not enough in stock.", self.session))
        else:
            self.send(200, pages.ordered(invoice, self.session))

    def form(self):
        """The fields that were posted. A length that is missing or too great is a form without any."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST_FORM:
            self.close_connection = True
            return {}
        fields = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"))
        return {name: values[0] for name, values in fields.items()}

    def redirect(self, path):
        self.send(303, "", location=path)

    def send(self, status, text, kind="text/html", location=None):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
        if location is not None:
            self.send_header("Location", location)
        if kind == "text/html":
            self.send_header("Cache-Control", "no-store")
            self.send_header("Set-Cookie", self.session.cookie())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The server in front writes the access log."""


def main():
    if sys.argv[1:] == ["customer"]:
        store.sign_up(*(sys.stdin.readline().rstrip("\n") for _ in range(3)))
        return
    Shop.key = os.environ.get("SESSION_KEY", "").encode()
    if len(sys.argv) > 1 or len(Shop.key) < 32:
        sys.exit(f"{__doc__}\nSESSION_KEY must have 32 characters at least.")
    # The first process of a container is not ended by a signal that it does not mind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("", PORT), Shop).serve_forever()


main()
