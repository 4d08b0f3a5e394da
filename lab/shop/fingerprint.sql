-- Prints one JSON line: a fingerprint of everything in the database that a restore must bring back.
-- It runs inside a transaction that the caller opened (see content.ts) and leaves nothing behind: its function is temporary.
-- The settings below take part in how a row reads as text, so they are pinned.
SET LOCAL search_path = pg_catalog;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 1;
SET LOCAL client_min_messages = warning;

-- Hash of all rows of a relation in the order of its primary key (or of the rows' own text, where there is none).
-- Rows are hashed in chunks of 10,000, so that no intermediate text grows with the table.
CREATE FUNCTION pg_temp.rows_hash(relation regclass, OUT count bigint, OUT hash text) LANGUAGE plpgsql AS $$
DECLARE
  keys text := coalesce(
    (SELECT string_agg(format('t.%I', a.attname), ', ' ORDER BY k.n)
     FROM pg_index i
     CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = relation AND i.indisprimary),
    't::text COLLATE "C"');
BEGIN
  EXECUTE format($q$
    SELECT coalesce(sum(rows), 0)::bigint, md5(coalesce(string_agg(chunk_hash, '' ORDER BY chunk), ''))
    FROM (
      SELECT n / 10000 AS chunk, count(*) AS rows, md5(string_agg(row_hash, '' ORDER BY n)) AS chunk_hash
      FROM (SELECT row_number() OVER (ORDER BY %2$s) - 1 AS n, md5(t::text) AS row_hash FROM %1$s AS t) AS numbered
      GROUP BY 1
    ) AS chunks $q$, relation, keys) INTO count, hash;
END $$;

-- Highest value in the columns that draw on a sequence: owned (serial, identity) or by their default. NULL: none, or no rows.
CREATE FUNCTION pg_temp.highest_drawn(sequence regclass) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  highest numeric;
  found   numeric;
  c       record;
BEGIN
  FOR c IN
    SELECT d.refobjid::regclass AS relation, d.refobjsubid AS attnum FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = sequence AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
    UNION
    SELECT a.adrelid::regclass, a.adnum FROM pg_depend d JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = sequence
  LOOP
    EXECUTE format('SELECT max(%I) FROM %s', (SELECT attname FROM pg_attribute WHERE attrelid = c.relation AND attnum = c.attnum), c.relation)
      INTO found;
    highest := greatest(highest, found);
  END LOOP;
  RETURN highest;
END $$;

WITH user_class AS (
  SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), definition (name, text) AS (
  SELECT 'columns of ' || c.oid::regclass, string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
      a.attgenerated, pg_get_expr(d.adbin, d.adrelid)), E'\n' ORDER BY a.attnum)
  FROM user_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relkind IN ('r', 'p', 'v', 'm') GROUP BY c.oid
  UNION ALL
  SELECT 'rights on ' || c.oid::regclass, pg_get_userbyid(c.relowner) || ': ' || (SELECT string_agg(acl::text, ' ' ORDER BY acl::text)
    FROM unnest(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) AS acl)
  FROM user_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
  UNION ALL
  SELECT 'constraints of ' || o.conrelid::regclass, string_agg(o.conname || ' ' || pg_get_constraintdef(o.oid), E'\n' ORDER BY o.conname)
  FROM pg_constraint o JOIN user_class c ON c.oid = o.conrelid GROUP BY o.conrelid
  UNION ALL
  SELECT 'index ' || c.oid::regclass, pg_get_indexdef(c.oid) FROM user_class c WHERE c.relkind IN ('i', 'I')
  UNION ALL
  SELECT 'partition ' || c.oid::regclass, pg_get_expr(c.relpartbound, c.oid) FROM user_class c WHERE c.relispartition AND c.relkind IN ('r', 'p')
  UNION ALL
  SELECT 'view ' || c.oid::regclass, pg_get_viewdef(c.oid) FROM user_class c WHERE c.relkind IN ('v', 'm')
  UNION ALL
  SELECT 'sequence ' || c.oid::regclass, concat_ws(' ', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle)
  FROM user_class c JOIN pg_sequence s ON s.seqrelid = c.oid
  UNION ALL
  SELECT 'function ' || p.oid::regprocedure, pg_get_functiondef(p.oid) || coalesce((SELECT string_agg(acl::text, ' ' ORDER BY acl::text) FROM unnest(p.proacl) AS acl), '')
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND p.prokind IN ('f', 'p')
  UNION ALL
  -- What belongs to the database itself, and what pg_restore leaves out unless it creates the database.
  SELECT 'the database', concat_ws(' ', pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, pg_get_userbyid(d.datdba),
      (SELECT string_agg(acl::text, ' ' ORDER BY acl::text) FROM unnest(coalesce(d.datacl, acldefault('d', d.datdba))) AS acl),
      (SELECT string_agg(coalesce(r.rolname, 'all') || ':' || setting, ' ' ORDER BY r.rolname, setting)
       FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS setting LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE s.setdatabase = d.oid))
  FROM pg_database d WHERE d.datname = current_database()
  UNION ALL
  SELECT 'enum ' || e.enumtypid::regtype, string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder) FROM pg_enum e GROUP BY e.enumtypid
  UNION ALL
  SELECT 'triggers of ' || t.tgrelid::regclass, string_agg(pg_get_triggerdef(t.oid), E'\n' ORDER BY t.tgname)
  FROM pg_trigger t WHERE NOT t.tgisinternal GROUP BY t.tgrelid
)
SELECT json_build_object(
  'tables', (SELECT json_object_agg(c.oid::regclass, json_build_object('rows', r.count, 'hash', r.hash) ORDER BY c.oid::regclass::text)
             FROM user_class c CROSS JOIN LATERAL pg_temp.rows_hash(c.oid) AS r WHERE c.relkind = 'r'),
  'views', (SELECT json_object_agg(c.oid::regclass, json_build_object('rows', r.count, 'hash', r.hash) ORDER BY c.oid::regclass::text)
            FROM user_class c CROSS JOIN LATERAL pg_temp.rows_hash(c.oid) AS r WHERE c.relkind IN ('v', 'm')),
  'sequences', (SELECT json_object_agg(c.oid::regclass, json_build_object('lastValue', pg_sequence_last_value(c.oid),
                  'highest', pg_temp.highest_drawn(c.oid)) ORDER BY c.oid::regclass::text)
                FROM user_class c WHERE c.relkind = 'S'),
  -- Attributes, memberships, settings and the password's verifier, as one hash: the verifier itself is a secret.
  'roles', (SELECT json_object_agg(r.rolname, md5(concat_ws(' ', r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin,
              r.rolreplication, r.rolbypassrls, r.rolconnlimit, coalesce(r.rolpassword, 'no password'), coalesce(r.rolvaliduntil::text, 'no end'),
              (SELECT string_agg(m.roleid::regrole || ':' || m.admin_option, ' ' ORDER BY m.roleid::regrole::text) FROM pg_auth_members m WHERE m.member = r.oid),
              (SELECT s.setconfig::text FROM pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0))) ORDER BY r.rolname)
            FROM pg_authid r WHERE r.rolname !~ '^pg_' AND r.oid <> 10),
  'definitions', (SELECT json_object_agg(d.name, md5(d.text) ORDER BY d.name) FROM definition d));
