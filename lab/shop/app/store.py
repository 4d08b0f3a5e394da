"""The shop's database. A connection for each request: a restored database that takes the old one's name is used at once.

Where it is, libpq's own environment says: PGHOST, PGDATABASE, PGUSER, PGPASSWORD.
"""

import contextlib

import psycopg2

from session import hashed


@contextlib.contextmanager
def connected():
    """A cursor in one transaction, which is kept when the block ends well."""
    connection = psycopg2.connect("", connect_timeout=5, application_name="shop")
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def products(limit):
    with connected() as cursor:
        cursor.execute("SELECT id, name, price FROM shop.products ORDER BY id LIMIT %s", [limit])
        return cursor.fetchall()


def product(number):
    """(id, name, description, price, stock), or None."""
    with connected() as cursor:
        cursor.execute(
            "SELECT id, name, description, price, stock FROM shop.products WHERE id = %s", [number]
        )
        return cursor.fetchone()


def login(email):
    """(customer, stored password) of an address, or None."""
    with connected() as cursor:
        cursor.execute(
            "SELECT c.id, l.password FROM shop.customers c JOIN shop.logins l ON l.customer_id = c.id WHERE c.email = %s",
            [email],
        )
        return cursor.fetchone()


def account(customer):
    """The customer's name, and the newest orders as (invoice, total, placed at, status)."""
    with connected() as cursor:
        cursor.execute("SELECT name FROM shop.customers WHERE id = %s", [customer])
        found = cursor.fetchone()
        cursor.execute(
            "SELECT invoice, total, placed_at, status FROM shop.orders WHERE customer_id = %s ORDER BY id DESC LIMIT 10",
            [customer],
        )
        return found and found[0], cursor.fetchall()


def order(customer, number, quantity):
    """Places an order of one product. Returns its invoice number, or None when there is not enough in stock."""
    with connected() as cursor:
        cursor.execute(
            "UPDATE shop.products SET stock = stock - %(quantity)s WHERE id = %(number)s AND stock >= %(quantity)s"
            " RETURNING price",
            {"quantity": quantity, "number": number},
        )
        row = cursor.fetchone()
        if row is None:
            return None
        cursor.execute(
            "INSERT INTO shop.orders (customer_id, status, total, note) VALUES (%s, 'paid', %s, 'from the web shop')"
            " RETURNING id, invoice",
            [customer, row[0] * quantity],
        )
        placed, invoice = cursor.fetchone()
        cursor.execute(
            "INSERT INTO shop.order_items (order_id, position, product_id, quantity, unit_price) VALUES (%s, 1, %s, %s, %s)",
            [placed, number, quantity, row[0]],
        )
        cursor.execute(
            "INSERT INTO shop.events (order_id, kind, occurred_at) VALUES (%s, 'placed', clock_timestamp())", [placed]
        )
        return invoice


def sign_up(email, name, password):
    """A customer who can log in; one who is there already gets the new password."""
    with connected() as cursor:
        cursor.execute(
            "INSERT INTO shop.customers (name, email, language) VALUES (%s, %s, 'en')"
            " ON CONFLICT (email) DO UPDATE SET name = excluded.name RETURNING id",
            [name, email],
        )
        cursor.execute(
            "INSERT INTO shop.logins (customer_id, password) VALUES (%s, %s)"
            " ON CONFLICT (customer_id) DO UPDATE SET password = excluded.password",
            [cursor.fetchone()[0], hashed(password)],
        )
