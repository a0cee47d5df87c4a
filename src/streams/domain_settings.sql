-- azr_domain_set, azr_domain_settings, and where they are kept

CREATE TABLE @extschema@.azr_registered_domains (
	max_payload integer,
	domain text COLLATE "C" NOT NULL,
	durability text COLLATE "C" NOT NULL,
	description text,
	CONSTRAINT azr_registered_domains_pkey PRIMARY KEY (domain)
);

COMMENT ON TABLE @extschema@.azr_registered_domains IS
'What azr_domain_set() said of domains. azr_domain_settings() shows it.';

CREATE TRIGGER azr_domain_settings_changed AFTER INSERT OR UPDATE OR DELETE ON @extschema@.azr_registered_domains
	FOR EACH ROW EXECUTE FUNCTION @extschema@.azr_table_changed();
CREATE TRIGGER azr_domain_settings_truncated AFTER TRUNCATE ON @extschema@.azr_registered_domains
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.azr_table_changed();

-- ALWAYS: session_replication_role = replica switches off other triggers.
ALTER TABLE @extschema@.azr_registered_domains ENABLE ALWAYS TRIGGER azr_domain_settings_changed;
ALTER TABLE @extschema@.azr_registered_domains ENABLE ALWAYS TRIGGER azr_domain_settings_truncated;

ALTER TABLE @extschema@.azr_registered_domains OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_registered_domains', '');

CREATE FUNCTION @extschema@.azr_domain_set(
	domain text,
	durability text DEFAULT NULL,
	max_payload integer DEFAULT NULL,
	description text DEFAULT NULL
) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_domain_set(text, text, integer, text) IS
'Says what holds for a domain. What is NULL stays as it is.

Arguments: domain, 1 to 255 bytes; it need not have events yet. durability, durable or relaxed; durable is the default. After an append to a durable domain, the commit waits for the disk, and for replicas, as the session''s synchronous_commit says. A transaction that appends to relaxed domains alone does not wait: a crash may lose the last moments of such transactions, but never a part of an append, nor an event before one that is kept. max_payload, the largest payload of an event and state of a snapshot in bytes, 1024 to 535822336; or 0 for no limit but angzarr.max_payload, which holds beside it. description, up to 65536 bytes, '''' for none.

Result: none. The settings hold for appends that begin after this transaction has committed, and for later ones of this transaction.

Locks: RowExclusiveLock on azr_registered_domains, and the lock of its row, to the end of the transaction.

Errors: 22023 bad value; 22004 domain is NULL; 25006 read-only transaction or standby; 40001 at REPEATABLE READ and SERIALIZABLE, if the domain''s settings have changed after the transaction''s PostgreSQL snapshot; 27000 a trigger of the table''s owner dropped the row; 55000 a table, column, index or type of the store was altered.';

CREATE TYPE @extschema@.azr_domain_setting AS (
	domain text,
	durability text,
	max_payload integer,
	description text
);

COMMENT ON TYPE @extschema@.azr_domain_setting IS
'What azr_domain_set() has said of a domain. max_payload and description are NULL if nothing was said.';

CREATE FUNCTION @extschema@.azr_domain_settings() RETURNS SETOF @extschema@.azr_domain_setting
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.azr_domain_settings() IS
'The domains of which azr_domain_set() has said anything, in byte order.

Result: rows of azr_domain_setting.

Locks: AccessShareLock on the table.';
