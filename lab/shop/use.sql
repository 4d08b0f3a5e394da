-- Uses a shop as its application would and prints the checks as one JSON line: [{name, ok, expected, actual}].
-- It runs inside a transaction that the caller rolls back; only the sequences move on, as they do for any order given up.
CREATE TEMP TABLE before_use ON COMMIT DROP AS
SELECT count(*) AS orders, max(id) AS last_id, max(invoice) AS last_invoice, (SELECT sum(stock) FROM shop.products) AS stock FROM shop.orders;

SET LOCAL ROLE shop_app;
SELECT shop.place_order(42) AS invoice, shop.pack_order() AS packed \gset
RESET ROLE;

CREATE TEMP TABLE placed ON COMMIT DROP AS
SELECT o.*, (SELECT sum(i.line_total) FROM shop.order_items i WHERE i.order_id = o.id) AS lines,
       (SELECT sum(i.quantity) FROM shop.order_items i WHERE i.order_id = o.id) AS pieces,
       (SELECT count(*) FROM shop.events e WHERE e.order_id = o.id AND e.kind = 'placed') AS events
FROM shop.orders o WHERE o.invoice = :invoice;

CREATE FUNCTION pg_temp.next_values(OUT name text, OUT expected text, OUT actual text, OUT ok boolean) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
  s       record;
  highest bigint;
  next    bigint;
BEGIN
  FOR s IN VALUES ('shop.customers_id_seq', 'customers', 'id'), ('shop.products_id_seq', 'products', 'id'), ('shop.orders_id_seq', 'orders', 'id'),
                  ('shop.events_id_seq', 'events', 'id'), ('shop.invoice_number', 'orders', 'invoice')
  LOOP
    EXECUTE format('SELECT max(%I) FROM shop.%I', s.column3, s.column2) INTO highest;
    next := nextval(s.column1::regclass);
    name := 'next value of ' || s.column1;
    expected := 'above the highest in use';
    actual := next || ' after ' || highest;
    ok := next > highest;
    RETURN NEXT;
  END LOOP;
END $$;

WITH checks (name, expected, actual, ok) AS (
  SELECT 'function place_order takes one order', (b.orders + 1)::text, (SELECT count(*) FROM shop.orders)::text, (SELECT count(*) FROM shop.orders) = b.orders + 1
  FROM before_use b
  UNION ALL
  SELECT 'its id and invoice are new', 'above ' || b.last_id || ' and ' || b.last_invoice, p.id || ' and ' || p.invoice, p.id > b.last_id AND p.invoice > b.last_invoice
  FROM before_use b CROSS JOIN placed p
  UNION ALL
  SELECT 'its total is that of its items', p.lines::text, p.total::text, p.total = p.lines AND p.total > 0 FROM placed p
  UNION ALL
  SELECT 'it takes its items from the stock', (b.stock - p.pieces)::text, (SELECT sum(stock) FROM shop.products)::text,
         (SELECT sum(stock) FROM shop.products) = b.stock - p.pieces FROM before_use b CROSS JOIN placed p
  UNION ALL
  SELECT 'it leaves one event in the partitioned table', '1', p.events::text, p.events = 1 FROM placed p
  UNION ALL
  SELECT 'function pack_order packs a paid order', 'true', :'packed'::boolean::text, :'packed'::boolean
  UNION ALL
  SELECT 'view daily_sales counts every order', (SELECT count(*) FROM shop.orders)::text, sum(v.orders)::text, sum(v.orders) = (SELECT count(*) FROM shop.orders)
  FROM shop.daily_sales v
  UNION ALL
  SELECT 'role shop_app may not delete orders', 'false', has_table_privilege('shop_app', 'shop.orders', 'DELETE')::text, NOT has_table_privilege('shop_app', 'shop.orders', 'DELETE')
  UNION ALL
  SELECT 'role shop_app reads the view through shop_reports', 'true', has_table_privilege('shop_app', 'shop.daily_sales', 'SELECT')::text, has_table_privilege('shop_app', 'shop.daily_sales', 'SELECT')
  UNION ALL
  SELECT 'role shop_app has its default settings', '{statement_timeout=30s,TimeZone=Africa/Dakar}', rolconfig::text, rolconfig::text = '{statement_timeout=30s,TimeZone=Africa/Dakar}'
  FROM pg_roles WHERE rolname = 'shop_app'
  UNION ALL
  SELECT name, expected, actual, ok FROM pg_temp.next_values()
)
SELECT json_agg(json_build_object('name', name, 'ok', coalesce(ok, false), 'expected', expected, 'actual', coalesce(actual, 'nothing'))) FROM checks;
