"""What customers see. Everything that is not ours is escaped."""

from html import escape

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; color: #222; background: #f6f4f0 }
header { background: #234; padding: 1rem 2rem; display: flex; gap: 2rem; align-items: center }
header a { color: #fff; text-decoration: none } header a.home { font-size: 1.3rem; font-weight: 600 }
main { max-width: 58rem; margin: 2rem auto; padding: 0 1rem }
.products { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: 1rem }
.products a, .card { background: #fff; border-radius: 8px; padding: 1rem; color: inherit; text-decoration: none }
.products img { width: 100% } .card { display: flex; gap: 2rem } .card img { width: 18rem; align-self: flex-start }
form.login { background: #fff; border-radius: 8px; padding: 1.5rem; max-width: 20rem; display: grid; gap: .8rem }
input { font: inherit; padding: .4rem; border: 1px solid #bbb; border-radius: 4px } input[type=number] { width: 4rem }
button { font: inherit; padding: .5rem 1.2rem; border: 0; border-radius: 4px; background: #b5481f; color: #fff }
table { background: #fff; border-radius: 8px; border-spacing: 1rem .4rem } .fault { color: #a00 } .price { font-weight: 600 }
"""


def page(title, body, session):
    if session.customer is None:
        links = '<a href="/login">Log in</a>'
    else:
        links = '<a href="/account">My account</a>'
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><link rel="stylesheet" href="/style.css">
<header><a class="home" href="/">Kolonell</a>{links}</header>
<main><h1>{escape(title)}</h1>
{body}
</main></html>
"""


def _token(session):
    return f'<input type="hidden" name="csrf" value="{session.token()}">'


def _picture(number):
    return f'<img src="/uploads/products/{number}.svg" alt="">'


def _price(price):
    return f'<span class="price">{price:,.2f} XOF</span>'


def home(products, session):
    items = "".join(
        f'<a href="/product/{number}">{_picture(number)}<br>{escape(name)}<br>{_price(price)}</a>'
        for number, name, price in products
    )
    return page("Everything we sell", f'<div class="products">{items}</div>', session)


def login(session, fault=""):
    body = f"""<form class="login" method="post" action="/login">{_token(session)}
<label>E-mail <input name="email" type="email" required></label>
<label>Password <input name="password" type="password" required></label>
<button>Log in</button><span class="fault">{escape(fault)}</span></form>"""
    return page("Log in", body, session)


def product(found, session):
    number, name, description, price, stock = found
    if session.customer is None:
        buy = '<p><a href="/login">Log in to order</a></p>'
    else:
        buy = f"""<form method="post" action="/order">{_token(session)}<input type="hidden" name="product" value="{number}">
<label>Quantity <input name="quantity" type="number" value="1" min="1" max="99"></label> <button>Order now</button></form>"""
    body = f"""<div class="card">{_picture(number)}<div><p>{escape(description)}</p>
<p>{_price(price)}, {stock:,} in stock</p>{buy}</div></div>"""
    return page(name, body, session)


def ordered(invoice, session):
    return page("Thank you", f'<p>Order no. {invoice} is paid.</p><p><a href="/account">My account</a></p>', session)


def account(name, orders, session):
    rows = "".join(
        f"<tr><td>{invoice}<td>{placed:%Y-%m-%d %H:%M}<td>{total:,.2f}<td>{escape(status)}"
        for invoice, total, placed, status in orders
    )
    table = f"<table><tr><th>Order<th>Placed<th>XOF<th>State{rows}</table>" if orders else "<p>No order yet.</p>"
    leave = f'<form method="post" action="/logout">{_token(session)}<button>Log out</button></form>'
    return page("My account", f"<p>{escape(name or 'Nobody')}</p>{table}<p>{leave}</p>", session)


def fault(title, text, session):
    return page(title, f'<p class="fault">{escape(text)}</p>', session)
