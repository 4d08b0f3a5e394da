GRANT USAGE ON SCHEMA shop TO shop_app, shop_reports;
GRANT SELECT, INSERT, UPDATE ON shop.customers, shop.products, shop.orders, shop.order_items, shop.events, shop.search_terms TO shop_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA shop TO shop_app;
GRANT SELECT ON shop.daily_sales TO shop_reports;
REVOKE EXECUTE ON FUNCTION shop.place_order(bigint), shop.pack_order() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.place_order(bigint), shop.pack_order() TO shop_app;
