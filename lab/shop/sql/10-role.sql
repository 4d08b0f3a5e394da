-- The application's own role. Its password is read from the environment so that no process list shows it.
\set shop_app_password ''
\getenv shop_app_password SHOP_APP_PASSWORD
SELECT :'shop_app_password' = '' AS missing \gset
\if :missing
  \warn 'SHOP_APP_PASSWORD is empty: set it to the password the role shop_app shall have'
  SELECT 1 / 0 AS shop_app_password_is_missing;
\endif
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shop_app') AS new_role \gset
\if :new_role
  CREATE ROLE shop_app LOGIN CONNECTION LIMIT 40 PASSWORD :'shop_app_password';
  CREATE ROLE shop_reports NOLOGIN;
  GRANT shop_reports TO shop_app;
  ALTER ROLE shop_app SET statement_timeout = '30s';
  ALTER ROLE shop_app SET timezone = 'Africa/Dakar';
\endif
