-- The registry of editions: what is known of an edition beyond its streams. An
-- edition that came to be by its first append has a row only once it is protected.

CREATE TABLE @extschema@.azr_registered_editions (
	divergence bigint,
	created_at timestamptz NOT NULL,
	domain text COLLATE "C" NOT NULL,
	edition text COLLATE "C" NOT NULL,
	protection text COLLATE "C" NOT NULL,
	description text,
	CONSTRAINT azr_registered_editions_pkey PRIMARY KEY (domain, edition)
);

COMMENT ON TABLE @extschema@.azr_registered_editions IS
'What azr_create_edition() and azr_protect_edition() said of editions. azr_editions() shows it.';
COMMENT ON COLUMN @extschema@.azr_registered_editions.divergence IS
'Where a root that has no events in the edition yet diverges: here, or at the main stream''s next sequence if that is lower.';

ALTER TABLE @extschema@.azr_registered_editions OWNER TO @extowner@;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.azr_registered_editions', '');
