-- A retry returns the first outcome and stores nothing.
\set r1 '00000000-0000-0000-0000-000000000001'
\set r2 '00000000-0000-0000-0000-000000000002'

SELECT * FROM azr_append('retry', NULL, :'r1', 0, types(3), payloads(3), external_id => 'a');
SELECT * FROM azr_append('retry', NULL, :'r1', 3, types(1), payloads(1));

-- the same again: no conflict, though the expected sequence is long gone
SELECT * FROM azr_append('retry', NULL, :'r1', 0, types(3), payloads(3), external_id => 'a');
-- with other events, and any expectation: the first call counts
SELECT * FROM azr_append('retry', NULL, :'r1', 77, types(1), payloads(1), external_id => 'a');
SELECT * FROM azr_append_json('retry', NULL, :'r1', NULL, '[{"type": "x", "data": 1}]', external_id => 'a');
-- nothing to append is nothing to repeat
SELECT * FROM azr_append('retry', NULL, :'r1', NULL, '{}', '{}', external_id => 'a');

-- an id belongs to its stream and is compared by bytes
SELECT outcome FROM azr_append('retry', NULL, :'r2', 0, types(1), payloads(1), external_id => 'a');
SELECT outcome FROM azr_append('retry', NULL, :'r1', 4, types(1), payloads(1), external_id => 'A');
SELECT outcome FROM azr_append('retry', NULL, :'r1', 5, types(1), payloads(1), external_id => 'a ');

-- a source: all four parts count, and no edition is the main timeline
SELECT * FROM azr_append('retry', NULL, :'r1', 6, types(2), payloads(2),
	source_domain => 'order', source_root => :'r2', source_sequence => 0);
SELECT * FROM azr_append('retry', NULL, :'r1', 6, types(2), payloads(2),
	source_domain => 'order', source_edition => 'angzarr', source_root => :'r2', source_sequence => 0);
SELECT outcome FROM azr_append('retry', NULL, :'r1', 8, types(1), payloads(1),
	source_domain => 'Order', source_root => :'r2', source_sequence => 0);
SELECT outcome FROM azr_append('retry', NULL, :'r1', 9, types(1), payloads(1),
	source_domain => 'order', source_edition => 'e', source_root => :'r2', source_sequence => 0);
SELECT outcome FROM azr_append('retry', NULL, :'r1', 10, types(1), payloads(1),
	source_domain => 'order', source_root => :'r1', source_sequence => 0);
SELECT outcome FROM azr_append('retry', NULL, :'r1', 11, types(1), payloads(1),
	source_domain => 'order', source_root => :'r2', source_sequence => 1);
-- each of them can be repeated
SELECT outcome, first_sequence FROM azr_append('retry', NULL, :'r1', NULL, types(1), payloads(1),
	source_domain => 'Order', source_root => :'r2', source_sequence => 0);
SELECT outcome, first_sequence FROM azr_append('retry', NULL, :'r1', NULL, types(1), payloads(1),
	source_domain => 'order', source_edition => 'e', source_root => :'r2', source_sequence => 0);

-- both: either is enough, the external id is looked at first
SELECT * FROM azr_append('retry', NULL, :'r1', 12, types(1), payloads(1), external_id => 'both',
	source_domain => 'order', source_root => :'r2', source_sequence => 2);
SELECT outcome, first_sequence FROM azr_append('retry', NULL, :'r1', 13, types(1), payloads(1), external_id => 'other',
	source_domain => 'order', source_root => :'r2', source_sequence => 2);
SELECT outcome, first_sequence FROM azr_append('retry', NULL, :'r1', 13, types(1), payloads(1), external_id => 'both',
	source_domain => 'order', source_root => :'r2', source_sequence => 0);

-- what was rolled back did not happen
BEGIN;
SAVEPOINT s;
SELECT outcome FROM azr_append('retry', NULL, :'r1', 13, types(1), payloads(1), external_id => 'later');
SELECT outcome FROM azr_append('retry', NULL, :'r1', 13, types(1), payloads(1), external_id => 'later');
ROLLBACK TO s;
SELECT outcome FROM azr_append('retry', NULL, :'r1', 13, types(1), payloads(1), external_id => 'later');
ROLLBACK;
SELECT outcome FROM azr_append('retry', NULL, :'r1', 13, types(1), payloads(1), external_id => 'later');

-- a retry within one statement
SELECT i, a.*
FROM generate_series(1, 2) i, azr_append('retry', NULL, :'r2', NULL, types(2), payloads(2), external_id => 'twice') a;

-- a large append repeated: its whole range
SELECT * FROM azr_append('retry', NULL, azr_root('retry', 'large'), 0, types(3000), payloads(3000), external_id => 'l');
SELECT * FROM azr_append('retry', NULL, azr_root('retry', 'large'), 0, types(3000), payloads(3000), external_id => 'l');

SELECT sequence, external_id, source_domain, source_edition, source_root, source_sequence
FROM azr_load('retry', NULL, :'r1');
