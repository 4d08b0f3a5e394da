-- Everything is derived from row numbers by hashing: the same variables give the same shop.
-- The instants are fixed too, so that a shop made tomorrow equals one made today.
CREATE TEMP TABLE words (language text, n integer, name text, phrase text) ON COMMIT DROP;
INSERT INTO words VALUES
  ('wo', 0, 'Aïssatou Ndiaye',   'Jërëjëf, dama bëgg mbubb bu xonq bi; jox ko sama rakk ci Ndakaaru.'),
  ('wo', 1, 'Maam Jaara Buso',   'Yónnee ma ko suba ci ngoon, bul fàtte ñaari dàll yi ak ŋaam bi.'),
  ('fr', 2, 'Hélène Lefèvre',    'Livraison l’après-midi s’il vous plaît, sonnez chez « Œuvres & Cie » à l’étage.'),
  ('fr', 3, 'Benoît Çelik-Noël', 'Emballage cadeau : « Joyeux anniversaire, maman ! » — merci d’avance.'),
  ('ar', 4, 'فاطمة الزهراء',      'يرجى التوصيل إلى باب المنزل بعد صلاة العصر، والاتصال قبل الوصول.'),
  ('ar', 5, 'محمد ولد أحمد',      'أريد القميص الأزرق مقاس كبير، وشكراً جزيلاً لكم.'),
  ('zh', 6, '王小明',             '请在下午三点以后送货，包装要结实，谢谢您的帮助。'),
  ('zh', 7, '陈美玲',             '这是送给妈妈的生日礼物，请附上一张漂亮的贺卡。'),
  ('en', 8, 'Zoë O''Brien',      E'Leave it with the neighbour\tif nobody answers;\nsecond line, "quoted", back\\slash.'),
  ('xx', 9, '👩🏾‍💻 Shop 🛍️',       'Vite vite 🚚💨 merci 🙏🏿 — 🎁🎂 (👨‍👩‍👧‍👦) ✅');

INSERT INTO shop.customers (name, email, language, phones, profile, created_at)
SELECT w.name || ' ' || i, 'c' || i || '@' || w.language || '.example', w.language,
       ARRAY['+221 7' || lpad((hashint4(i)::bigint & 99999999)::text, 8, '0')] || CASE WHEN i % 7 = 0 THEN ARRAY['+33 1 00 00 00 ' || i % 90 + 10] ELSE '{}' END,
       jsonb_build_object('loyalty', i % 500, 'address', jsonb_build_object('street', 'Rue ' || i % 900, 'door', md5('door' || i)), 'news', i % 3 = 0),
       timestamptz '2024-06-01 08:00:00Z' + i * interval '61.7 seconds'
FROM generate_series(1, greatest(100, :orders / 10)) AS i JOIN words w ON w.n = i % 10
ORDER BY i;

-- A picture is incompressible, as a real one is: chained SHA-512 blocks of 64 bytes behind a PNG signature.
INSERT INTO shop.products (sku, name, description, price, stock, tags, attributes, image)
SELECT 'SKU-' || lpad(i::text, 5, '0'), w.name || ' № ' || i, w.phrase || ' ' || md5('p' || i),
       500 + (hashint4(i)::bigint & 65535) / 4.0, 1000000 + i % 97, ARRAY[w.language, 'tag ' || i % 13, 'a,"b"'],
       jsonb_build_object('weight', i % 50 / 10.0, 'sizes', jsonb_build_array('S', 'M', 'L'), 'nothing', NULL),
       CASE WHEN i % 20 = 0 THEN NULL ELSE '\x89504e470d0a1a0a'::bytea || (
         SELECT string_agg(sha512(convert_to(i || ':' || block, 'UTF8')), '' ORDER BY block) FROM generate_series(1, :image_kb * 16) AS block) END
FROM generate_series(1, greatest(200, least(20000, :orders / 200))) AS i JOIN words w ON w.n = i % 10
ORDER BY i;

INSERT INTO shop.search_terms
SELECT w.phrase, hashint4(i) & 63, date '2026-01-01' + i % 300
FROM generate_series(1, greatest(100, :orders / 25)) AS i JOIN words w ON w.n = i % 10;
INSERT INTO shop.search_terms VALUES (NULL, NULL, NULL), (NULL, NULL, NULL), ('', 0, '-infinity');
