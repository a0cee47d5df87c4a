-- azr_changed_fields and azr_merge_state: three-way merge of states.

-- Protocol Buffers: a field is a field number of the message itself. 08 is the tag
-- of field 1 as a varint, 12 of field 2 as bytes, and so on.
CREATE TEMP TABLE pairs (what text, before bytea, after bytea);
INSERT INTO pairs VALUES
	('equal', '\x08011202aabb', '\x08011202aabb'),
	('both empty', '', ''),
	('in another order', '\x08011202aabb', '\x1202aabb0801'),
	('changed', '\x08011202aabb', '\x08021202aabb'),
	('added', '\x0801', '\x08011202aabb'),
	('removed', '\x08011202aabb', '\x1202aabb'),
	('all of them', '\x08011202aabb', ''),
	('repeated, equal', '\x080108020803', '\x080108020803'),
	('repeated, one more', '\x08010802', '\x080108020803'),
	('repeated, in another order', '\x08010802', '\x08020801'),
	('repeated, split by another field', '\x080108021201aa', '\x08011201aa0802'),
	('repeated, cut otherwise', '\x08011201aa08020803', '\x080108021201aa0803'),
	('packed or not', '\x0a020102', '\x08010802'),
	('packed, equal', '\x0a020102', '\x0a020102'),
	('all wire types', '\x08011101020304050607081a03616263232801242d01020304', '\x08021101020304050607091a03616264232802242d01020305'),
	('the type of a field', '\x0801', '\x0d01000000'),
	('a group, equal', '\x0b100118020c', '\x0b100118020c'),
	('a group within a group', '\x0b1310011418030c', '\x0b1310021418030c'),
	('another group', '\x0b10010c', '\x0b10020c'),
	('a sub-message in two records', '\x0a0408011002', '\x0a0208010a021002'),
	('a varint that is longer than it must be', '\x0801', '\x088100'),
	('the largest field number', '\xf8ffffff0f01', '\xf8ffffff0f02'),
	('the largest varint', '\x08ffffffffffffffffff01', '\x0801'),
	('an unknown field of three bytes of tag', '\x0801a0f70301', '\x0801a0f70302');
SELECT what, azr_changed_fields('t', before, after) AS changed,
	azr_changed_fields('t', after, before) = azr_changed_fields('t', before, after) AS both_ways
FROM pairs;

-- what does not parse has changed in all fields, also where it is the same
SELECT what, azr_changed_fields('t', message, '\x0801') AS changed,
	azr_changed_fields('t', '\x0801', message) AS both_ways, azr_changed_fields('t', message, message) AS itself
FROM (VALUES
	('a tag without a value', '\x08'::bytea),
	('a varint without end', '\x0880'),
	('a varint of eleven bytes', '\x08ffffffffffffffffffff01'),
	('a varint of 65 bits', '\x08ffffffffffffffffff02'),
	('a tag without end', '\x80'),
	('a tag of 33 bits', '\x808080801001'),
	('a tag of six bytes', '\x88808080800001'),
	('field number 0', '\x0001'),
	('wire type 6', '\x0e01'),
	('wire type 7', '\x0f01'),
	('seven of eight bytes', '\x0901020304050607'),
	('three of four bytes', '\x0d010203'),
	('bytes that are missing', '\x0a03aabb'),
	('a length of 64 bits', '\x0affffffffffffffffff01'),
	('a length of 32 bits', '\x0affffffff0f'),
	('a group without end', '\x0b1001'),
	('the end of no group', '\x0c'),
	('the end of another group', '\x0b14'),
	('groups that overlap', '\x0b130c14'),
	('a bad value in a group', '\x0b080c'),
	('text', 'not a message'),
	('groups within groups, too deep', decode(repeat('0b', 101) || repeat('0c', 101), 'hex'))
) v(what, message);
SELECT azr_changed_fields('t', '', decode(repeat('0b', 100) || repeat('0c', 100), 'hex')) AS as_deep_as_it_may_be;

-- JSON: a field is a key of the object itself, and values compare as jsonb does
CREATE FUNCTION pg_temp.utf8(t text) RETURNS bytea LANGUAGE sql AS $$ SELECT convert_to(t, 'UTF8') $$;
SELECT what, azr_changed_fields('application/json', pg_temp.utf8(before), pg_temp.utf8(after)) AS changed,
	azr_changed_fields('application/json', pg_temp.utf8(after), pg_temp.utf8(before)) AS both_ways
FROM (VALUES
	('equal', '{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}'),
	('numbers', '{"a": 1.0, "b": 100}', '{"a": 1, "b": 1e2}'),
	('a number and its text', '{"a": 1}', '{"a": "1"}'),
	('texts', '{"a": "x", "b": "x", "c": "", "same": "z"}', '{"a": "y", "b": "xx", "c": "x", "same":"z"}'),
	('true and false', '{"a": true, "b": false, "same": true, "none": null}', '{"a": false, "b": true, "same": true, "none": null}'),
	('objects and arrays', '{"a": {"b": 1}, "c": [1], "d": {}, "same": {"x": [1, "y"]}}', '{"a": {"b": 2}, "c": [2], "d": [], "same": {"x":[1.0,"y"]}}'),
	('changed, added, removed', '{"a": 1, "b": 2, "same": 0}', '{"a": 2, "c": 3, "same": 0}'),
	('null or not there', '{"a": null}', '{}'),
	('deep', '{"a": {"b": {"c": 1}}, "d": 1}', '{"a": {"b": {"c": 2}}, "d": 1}'),
	('arrays', '{"a": [1, 2]}', '{"a": [2, 1]}'),
	('an array and its only element', '{"a": [1]}', '{"a": 1}'),
	('a key twice: the last one counts', '{"a": 1, "a": 2}', '{"a": 2}'),
	('order of the keys', '{}', '{"bb": 1, "a": 1, "B": 1, "b": 1}'),
	('no bytes are the empty object', '', '{}'),
	('no object', '{}', '[]'),
	('a scalar', '{}', '1'),
	('no JSON', '{}', '{"a": 1'),
	('what jsonb cannot hold', '{}', '{"a": "\u0000"}'),
	('a key that is an asterisk', '{}', '{"*": 1}'),
	('more values than jsonb can hold', '{}', '{"a": [' || repeat('0,', 9000000) || '0]}')
) v(what, before, after);
SELECT azr_changed_fields('application/json', '\x7b7d', '\xff') AS not_utf8;
-- only this very type is JSON: as a message, the text has another field
SELECT azr_changed_fields('application/json; charset=utf-8', '\x7b7d', '\x7b7d');

-- the merge takes each field from the side that has changed it
CREATE FUNCTION pg_temp.both_ways(type text, base bytea, ours bytea, theirs bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	merged bytea := azr_merge_state(type, base, ours, theirs);
BEGIN
	IF merged IS DISTINCT FROM azr_merge_state(type, base, theirs, ours) THEN
		RAISE EXCEPTION 'it matters which side is ours';
	END IF;
	RETURN merged;
END
$$;
SELECT what, pg_temp.both_ways('t', base, ours, theirs) AS merged
FROM (VALUES
	('two fields', '\x08011001'::bytea, '\x08021001'::bytea, '\x08011002'::bytea),
	('nothing changed', '\x08011001', '\x08011001', '\x08011001'),
	('one side changed nothing', '\x10010801', '\x10010801', '\x10020801'),
	('added on both sides', '', '\x1801', '\x0801'),
	('removed on both sides', '\x080110011801', '\x08011001', '\x10011801'),
	('removed here, changed there', '\x08011001', '\x0801', '\x08021001'),
	('into the order of the fields', '\x10010801', '\x10020801', '\x08031001'),
	('repeated, split by others', '\x08011801080220010803', '\x08011801080220010803', '\x08011802080220010803'),
	('repeated, changed', '\x0801180108022001', '\x18010802080120010803', '\x08011801080220013001')
) v(what, base, ours, theirs);
SELECT what, convert_from(pg_temp.both_ways('application/json', pg_temp.utf8(base), pg_temp.utf8(ours), pg_temp.utf8(theirs)), 'UTF8') AS merged
FROM (VALUES
	('two keys', '{"a": 1, "b": 1}', '{"a": 2, "b": 1}', '{"a": 1, "b": 2}'),
	('one side changed nothing, and stays as it stands', '{"a":  1}', '{"a": 1.0}', '{"a":1, "b":  [ ]}'),
	('added and removed', '{"a": 1, "b": 1}', '{"a": 1}', '{"b": 1, "a": 1, "c": {"d": null}}'),
	('from nothing', '', '{"a": 1}', '{"b": 1}')
) v(what, base, ours, theirs);

-- what both have changed is an overlap, also if they made the same of it
SELECT azr_merge_state('t', '\x08011001', '\x08021001', '\x08031002');
SELECT azr_merge_state('t', '\x0801', '\x0802', '\x0802');
SELECT azr_merge_state('t', '\x080110011801', '\x080210021801', '\x1002');
SELECT azr_merge_state('application/json', '{}', pg_temp.utf8('{"a, \"b\"": 1, "c": 1}'), pg_temp.utf8('{"c": 2, "a, \"b\"": 2, "d": 3}'));
SELECT outcome($$SELECT azr_merge_state('t', '\x0801', '\x0802', '\x0803')$$);
-- of many fields the first ones are named, and of long keys the beginning
SELECT azr_merge_state('application/json', '', state, state) FROM (SELECT pg_temp.utf8(jsonb_object_agg('key' || i, i)::text) FROM generate_series(101, 150) i) v(state);
SELECT azr_merge_state('application/json', '', state, state) FROM (SELECT pg_temp.utf8(jsonb_build_object(repeat('k', 1000), 1)::text)) v(state);
-- what does not parse overlaps with everything
SELECT azr_merge_state('t', '\xff', '\x0801', '\x0801');
SELECT azr_merge_state('t', '\x0801', '\xff', '\x0801');
SELECT azr_merge_state('t', '\x0801', '\x0801', '\xff');
SELECT azr_merge_state('application/json', '[]', '{}', '{}');
SELECT azr_merge_state('application/json', '{}', '1', '{}');
SELECT azr_merge_state('application/json', '{}', '{}', 'x');

-- arguments
SELECT azr_merge_state('', '', '', '');
SELECT azr_merge_state(NULL, '', '', '');
SELECT azr_merge_state('t', NULL, '', '');
SELECT azr_merge_state('t', '', NULL, '');
SELECT azr_merge_state('t', '', '', NULL);
SELECT azr_changed_fields(NULL, '', '');
SELECT azr_changed_fields('t', NULL, '');
SELECT azr_changed_fields('t', '', NULL);

-- large states: 6 MB, half a million records that go back and forth
SELECT length(base) AS bytes, azr_changed_fields('t', base, base || '\x2001') AS changed,
	length(pg_temp.both_ways('t', base, base || '\x2001', base || '\x2801')) AS merged
FROM (SELECT decode(repeat('0801100118012a32' || repeat('00', 50), 100000), 'hex')) v(base);
