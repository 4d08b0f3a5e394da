CREATE VIEW shop.daily_sales AS
SELECT (o.placed_at AT TIME ZONE 'UTC')::date AS day, o.status, count(*) AS orders, sum(o.total) AS total
FROM shop.orders o GROUP BY 1, 2;

-- Takes an order: its row, one to three items, the stock and an event. Returns the invoice number.
-- `pick` chooses customer, products and note, so that a caller needs no knowledge of what is there.
CREATE FUNCTION shop.place_order(pick bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  new_id      bigint;
  new_invoice bigint;
  customers   bigint := (SELECT max(id) FROM shop.customers);
  products    bigint := (SELECT max(id) FROM shop.products);
BEGIN
  INSERT INTO shop.orders (customer_id, status, total, note)
  VALUES (1 + pick % customers, 'paid', 0, 'commande n° ' || pick || ' — طلب 订单 🛒')
  RETURNING id, invoice INTO new_id, new_invoice;

  INSERT INTO shop.order_items (order_id, position, product_id, quantity, unit_price)
  SELECT new_id, row_number() OVER (ORDER BY p.id), p.id, 1 + pick % 3, p.price
  FROM shop.products p
  WHERE p.id IN (SELECT 1 + (pick * 31 + k * 17) % products FROM generate_series(0, pick % 3) AS k);

  -- In key order, so that two orders at once wait for each other and don't deadlock.
  PERFORM FROM shop.products p JOIN shop.order_items i ON i.product_id = p.id WHERE i.order_id = new_id ORDER BY p.id FOR UPDATE OF p;
  UPDATE shop.products p SET stock = p.stock - i.quantity FROM shop.order_items i WHERE i.order_id = new_id AND i.product_id = p.id;
  UPDATE shop.orders SET total = (SELECT sum(line_total) FROM shop.order_items WHERE order_id = new_id) WHERE id = new_id;
  INSERT INTO shop.events (order_id, kind, occurred_at) VALUES (new_id, 'placed', clock_timestamp());
  RETURN new_invoice;
END $$;

-- Moves one paid order on; returns whether there was one.
CREATE FUNCTION shop.pack_order() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  packed bigint;
BEGIN
  UPDATE shop.orders SET status = 'packed'
  WHERE id = (SELECT id FROM shop.orders WHERE status = 'paid' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING id INTO packed;
  IF packed IS NULL THEN
    RETURN false;
  END IF;
  INSERT INTO shop.events (order_id, kind, occurred_at) VALUES (packed, 'packed', clock_timestamp());
  RETURN true;
END $$;
