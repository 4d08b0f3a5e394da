GRANT USAGE ON SCHEMA shop TO shop_app, shop_reports;
GRANT SELECT, INSERT, UPDATE ON shop.customers, shop.logins, shop.products, shop.orders, shop.order_items, shop.events, shop.search_terms TO shop_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA shop TO shop_app;
GRANT SELECT ON shop.daily_sales TO shop_reports;
REVOKE EXECUTE ON FUNCTION shop.place_order(bigint), shop.pack_order() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.place_order(bigint), shop.pack_order() TO shop_app;

-- Of the database itself, whatever its name: these are lost by a restore that only fills an existing database.
SELECT current_database() AS database \gset
REVOKE TEMPORARY ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO shop_app;
ALTER DATABASE :"database" SET default_text_search_config = 'pg_catalog.french';
ALTER ROLE shop_app IN DATABASE :"database" SET lock_timeout = '5s';
