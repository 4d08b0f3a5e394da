"""Who is asking: a signed cookie, with nothing kept on the server, and a token that only the shop's own forms have."""

import hashlib
import hmac
import secrets
import time
from http.cookies import CookieError, SimpleCookie

COOKIE = "session"
LIFETIME = 12 * 3600


class Session:
    """`customer` is None before the login. `nonce` is new at each login, so that an old form is worth nothing after it."""

    def __init__(self, key, customer=None, nonce=None):
        self.key = key
        self.customer = customer
        self.nonce = nonce or secrets.token_hex(16)

    @classmethod
    def read(cls, key, header):
        """The session of a request's cookie; a new one when there is none, or it is not ours, or it is over."""
        try:
            value = SimpleCookie(header or "")[COOKIE].value
            nonce, customer, until, mac = value.split(".")
            genuine = hmac.compare_digest(mac, _mac(key, f"{nonce}.{customer}.{until}"))
            if genuine and int(until) > time.time():
                return cls(key, int(customer) or None, nonce)
        except (CookieError, KeyError, ValueError):
            pass
        return cls(key)

    def cookie(self):
        """The `Set-Cookie` header."""
        text = f"{self.nonce}.{self.customer or 0}.{int(time.time()) + LIFETIME}"
        return f"{COOKIE}={text}.{_mac(self.key, text)}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age={LIFETIME}"

    def token(self):
        """What a form of this session carries against forged posts from elsewhere."""
        return _mac(self.key, f"form {self.nonce}")

    def sent(self, token):
        return hmac.compare_digest(self.token(), token)


def hashed(password):
    salt = secrets.token_hex(16)
    return f"{salt}.{_scrypt(password, salt)}"


def fits(password, stored):
    salt, _, wanted = stored.partition(".")
    return hmac.compare_digest(_scrypt(password, salt), wanted)


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _scrypt(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()
