-- The demo shop: schema and deterministic data, run by psql in an empty database.
--
--   SHOP_APP_PASSWORD=… psql -X -v ON_ERROR_STOP=1 -d mydb -f lab/shop/sql/shop.sql
--
-- Variables (psql -v name=value):
--   orders          number of orders, default 50000
--   note_sentences  sentences in an order's note, 0 to 6, default 1 (the benchmark takes more to fill a database)
--   image_kb        KiB of picture a product has, default 4
-- The password of the role shop_app comes from the environment, never from an argument.
\set QUIET on
\set ON_ERROR_STOP on
\if :{?orders} \else \set orders 50000 \endif
\if :{?note_sentences} \else \set note_sentences 1 \endif
\if :{?image_kb} \else \set image_kb 4 \endif

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL synchronous_commit = off;
\ir 10-role.sql
\ir 20-schema.sql
\ir 30-data.sql
\ir 40-order-data.sql
\ir 50-constraints.sql
\ir 60-view-and-functions.sql
\ir 70-grants.sql
COMMIT;
ANALYZE;
