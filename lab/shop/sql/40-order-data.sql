-- Sentences of notes: half of each is a phrase, half is unlike any other, so that they compress about as text does.
CREATE TEMP TABLE sentences ON COMMIT DROP AS
SELECT i AS n, w.phrase || ' ' || md5('s' || i) || ' ' AS text FROM generate_series(0, 19999) AS i JOIN words w ON w.n = i % 10;
CREATE UNIQUE INDEX ON sentences (n);
ANALYZE sentences;

-- One to three items an order; they come first, so that an order is written once, with its total.
INSERT INTO shop.order_items (order_id, position, product_id, quantity, unit_price)
SELECT i, p, k.product_id, 1 + (i + p) % 4, 500 + (hashint4(k.product_id)::bigint & 65535) / 4.0
FROM generate_series(1, :orders) AS i
CROSS JOIN LATERAL generate_series(1, 1 + i % 3) AS p
CROSS JOIN LATERAL (SELECT 1 + ((hashint4(i * 4 + p)::bigint & 2147483647) % greatest(200, least(20000, :orders / 200)))::integer AS product_id) AS k;

CREATE TEMP TABLE totals ON COMMIT DROP AS SELECT order_id, sum(line_total) AS total FROM shop.order_items GROUP BY order_id;
ANALYZE totals;

INSERT INTO shop.orders (customer_id, status, total, note, payment, placed_at)
SELECT 1 + (hashint4(i)::bigint & 2147483647) % greatest(100, :orders / 10),
       (enum_range(NULL::shop.order_status))[2 + i % 5], t.total,
       CASE WHEN i % 11 > 0 THEN concat(s1.text, s2.text, s3.text, s4.text, s5.text, s6.text) END,
       CASE WHEN i % 5 > 0 THEN jsonb_build_object('method', CASE i % 3 WHEN 0 THEN 'Wave' WHEN 1 THEN 'Orange Money' ELSE 'carte' END, 'reference', md5('pay' || i)) END,
       timestamptz '2025-01-01 00:00:00Z' + i * (interval '690 days' / :orders)
FROM generate_series(1, :orders) AS i
JOIN totals t ON t.order_id = i
LEFT JOIN sentences s1 ON :note_sentences > 0 AND s1.n = (hashint4(i * 7 + 1) & 2147483647) % 20000
LEFT JOIN sentences s2 ON :note_sentences > 1 AND s2.n = (hashint4(i * 7 + 2) & 2147483647) % 20000
LEFT JOIN sentences s3 ON :note_sentences > 2 AND s3.n = (hashint4(i * 7 + 3) & 2147483647) % 20000
LEFT JOIN sentences s4 ON :note_sentences > 3 AND s4.n = (hashint4(i * 7 + 4) & 2147483647) % 20000
LEFT JOIN sentences s5 ON :note_sentences > 4 AND s5.n = (hashint4(i * 7 + 5) & 2147483647) % 20000
LEFT JOIN sentences s6 ON :note_sentences > 5 AND s6.n = (hashint4(i * 7 + 6) & 2147483647) % 20000
ORDER BY i;

INSERT INTO shop.events (order_id, kind, occurred_at)
SELECT i, 'placed', timestamptz '2025-01-01 00:00:00Z' + i * (interval '690 days' / :orders) FROM generate_series(1, :orders) AS i;
