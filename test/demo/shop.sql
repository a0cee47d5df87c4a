-- What script/browse shows without a store of its own: a shop, in the database of the connection.
-- Orders that cause payments and shipments, each order under one correlation id; snapshots; two
-- editions; groups, one of which is behind and has parked a stream; a cascade; evidence and an
-- erasure. The same data each time, but for the times, which end now.

\set QUIET on
SET client_min_messages = warning;
CREATE SCHEMA es;
CREATE EXTENSION angzarr SCHEMA es;
SET search_path = es, public;

SELECT azr_domain_set('order', description => 'What customers have ordered') \g /dev/null
SELECT azr_domain_set('payment', description => 'Cards that are charged and refunded') \g /dev/null
SELECT azr_domain_set('shipment', description => 'Parcels, by the carrier (Protocol Buffers)') \g /dev/null
SELECT azr_domain_set('stock', description => 'What is on the shelves') \g /dev/null

-- Protocol Buffers, for the carrier's messages.
CREATE FUNCTION pg_temp.field(number int, value text) RETURNS bytea LANGUAGE sql IMMUTABLE
RETURN set_byte('\x00'::bytea, 0, number * 8 + 2) || set_byte('\x00'::bytea, 0, octet_length(value)) || convert_to(value, 'UTF8');
CREATE FUNCTION pg_temp.field(number int, value bytea) RETURNS bytea LANGUAGE sql IMMUTABLE
RETURN set_byte('\x00'::bytea, 0, number * 8 + 2) || set_byte('\x00'::bytea, 0, octet_length(value)) || value;
CREATE FUNCTION pg_temp.field(number int, value int) RETURNS bytea LANGUAGE sql IMMUTABLE
RETURN set_byte('\x00'::bytea, 0, number * 8) || set_byte('\x00'::bytea, 0, value % 128 + 128) || set_byte('\x00'::bytea, 0, value / 128);

CREATE FUNCTION pg_temp.event(type text, data jsonb, at timestamptz) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN jsonb_build_object('type', type, 'data', data, 'created_at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
	'metadata', jsonb_build_object('service', 'shop', 'version', '4.2.0'));

DO $$
DECLARE
	items CONSTANT text[] := ARRAY['Teapot', 'Kettle', 'Coffee mill', 'Lamp', 'Bread knife', 'Notebook', 'Umbrella'];
	prices CONSTANT int[] := ARRAY[3900, 5200, 7450, 6100, 2790, 890, 2400];
	people CONSTANT text[] := ARRAY['Ada', 'Grace', 'Edsger', 'Barbara', 'Donald', 'Margaret', 'Alan', 'Frances'];
	base timestamptz;
	key text;
	checkout text;
	root uuid;
	payment uuid;
	parcel uuid;
	item int;
	count int;
	total int;
BEGIN
	FOR i IN 0 .. array_length(items, 1) - 1 LOOP
		PERFORM azr_append_json('stock', NULL, azr_root('stock', items[i + 1]), 0, jsonb_build_array(
			pg_temp.event('GoodsReceived', jsonb_build_object('item', items[i + 1], 'count', 40 + i * 5), now() - interval '9 days')));
	END LOOP;

	FOR i IN 1 .. 60 LOOP
		base := date_trunc('second', now()) - interval '2 hours' * (61 - i) - interval '1 second' * (i * 37 % 600);
		key := (4000 + i)::text;
		checkout := 'checkout-' || key;
		root := azr_root('order', key);
		payment := azr_root('payment', key);
		parcel := azr_root('shipment', key);
		item := i % array_length(items, 1) + 1;
		count := 1 + i % 3;
		total := prices[item] * count;

		PERFORM azr_append_json('order', NULL, root, 0, jsonb_build_array(
			pg_temp.event('OrderOpened', jsonb_build_object('customer', people[i % 8 + 1], 'currency', 'EUR'), base),
			pg_temp.event('ItemAdded', jsonb_build_object('item', items[item], 'count', count, 'price', prices[item]), base + interval '40 s')),
			correlation_id => checkout);
		IF i % 4 = 0 THEN
			PERFORM azr_append_json('order', NULL, root, 2, jsonb_build_array(
				pg_temp.event('ItemAdded', jsonb_build_object('item', 'Gift wrap', 'count', 1, 'price', 350), base + interval '65 s'),
				pg_temp.event('AddressChanged', jsonb_build_object('address', jsonb_build_object('street', 'Lindenweg ' || i, 'city', 'Bern', 'country', 'CH')), base + interval '80 s')),
				correlation_id => checkout);
			total := total + 350;
		END IF;
		PERFORM azr_append_json('order', NULL, root, NULL, jsonb_build_array(
			pg_temp.event('OrderPlaced', jsonb_build_object('total', total, 'status', 'placed'), base + interval '2 min')),
			correlation_id => checkout, external_id => 'place-' || key);
		CONTINUE WHEN i > 58;

		PERFORM azr_append_json('payment', NULL, payment, 0, jsonb_build_array(
			pg_temp.event('PaymentRequested', jsonb_build_object('amount', total, 'method', 'card'), base + interval '2 min 1 s')),
			correlation_id => checkout, source_domain => 'order', source_root => root,
			source_sequence => azr_next_sequence('order', NULL, root) - 1);
		IF i % 11 = 0 THEN
			PERFORM azr_append_json('payment', NULL, payment, 1, jsonb_build_array(
				pg_temp.event('PaymentDeclined', jsonb_build_object('reason', 'insufficient funds'), base + interval '2 min 4 s')), correlation_id => checkout);
			PERFORM azr_append_json('order', NULL, root, NULL, jsonb_build_array(
				pg_temp.event('OrderCancelled', jsonb_build_object('status', 'cancelled', 'reason', 'not paid'), base + interval '2 min 6 s')),
				correlation_id => checkout, source_domain => 'payment', source_root => payment, source_sequence => 1);
			CONTINUE;
		END IF;
		PERFORM azr_append_json('payment', NULL, payment, 1, jsonb_build_array(
			pg_temp.event('PaymentCaptured', jsonb_build_object('amount', total, 'authorization', upper(substr(md5(key), 1, 8))), base + interval '2 min 5 s')), correlation_id => checkout);
		PERFORM azr_append_json('order', NULL, root, NULL, jsonb_build_array(
			pg_temp.event('OrderPaid', jsonb_build_object('status', 'paid'), base + interval '2 min 6 s')),
			correlation_id => checkout, source_domain => 'payment', source_root => payment, source_sequence => 1);
		PERFORM azr_append_json('stock', NULL, azr_root('stock', items[item]), NULL, jsonb_build_array(
			pg_temp.event('GoodsReserved', jsonb_build_object('item', items[item], 'count', count, 'order', key), base + interval '2 min 7 s')),
			correlation_id => checkout, source_domain => 'order', source_root => root, source_sequence => azr_next_sequence('order', NULL, root) - 1);
		PERFORM azr_append('shipment', NULL, parcel, 0,
			ARRAY['type.googleapis.com/carrier.ParcelAnnounced', 'type.googleapis.com/carrier.ParcelHandedOver'],
			ARRAY[pg_temp.field(1, 'CH-' || key) || pg_temp.field(2, pg_temp.field(1, people[i % 8 + 1]) || pg_temp.field(2, 'Lindenweg ' || i) || pg_temp.field(3, 3000 + i)) || pg_temp.field(4, count),
				pg_temp.field(1, 'CH-' || key) || pg_temp.field(2, 'Depot ' || (1 + i % 3))],
			created_at => ARRAY[base + interval '2 min 9 s', base + interval '50 min'],
			correlation_id => checkout, source_domain => 'order', source_root => root, source_sequence => azr_next_sequence('order', NULL, root) - 1);
		PERFORM azr_append_json('order', NULL, root, NULL, jsonb_build_array(
			pg_temp.event('OrderShipped', jsonb_build_object('status', 'shipped', 'parcel', 'CH-' || key), base + interval '50 min 2 s')),
			correlation_id => checkout, source_domain => 'shipment', source_root => parcel, source_sequence => 1);
	END LOOP;
END $$;

-- An order with a history: changed, returned in part, with snapshots on the way.
SELECT azr_root('order', '4056') AS order_root \gset
SELECT azr_append_json('order', NULL, :'order_root', NULL, jsonb_build_array(
	pg_temp.event('OrderDelivered', '{"status": "delivered"}', now() - interval '5 hours'),
	pg_temp.event('ReturnRequested', '{"item": "Gift wrap", "reason": "torn"}', now() - interval '3 hours'),
	pg_temp.event('NoteAdded', '{"note": "Customer called, was friendly", "by": "support"}', now() - interval '150 min'),
	pg_temp.event('ReturnAccepted', '{"status": "returned in part", "refund": 350}', now() - interval '2 hours')),
	correlation_id => 'checkout-4056') \g /dev/null
SELECT azr_append_json('payment', NULL, azr_root('payment', '4056'), NULL, jsonb_build_array(
	pg_temp.event('PaymentRefunded', '{"amount": 350}', now() - interval '119 min')),
	correlation_id => 'checkout-4056', source_domain => 'order', source_root => :'order_root', source_sequence => azr_next_sequence('order', NULL, :'order_root') - 1) \g /dev/null
SELECT azr_put_snapshot('order', NULL, :'order_root', sequence, 'application/json', convert_to(state, 'UTF8'), 'persist')
FROM (VALUES
	(1, '{"customer": "Ada", "status": "open", "items": [{"item": "Teapot", "count": 3}], "total": 11700}'),
	(4, '{"customer": "Ada", "status": "placed", "items": [{"item": "Teapot", "count": 3}, {"item": "Gift wrap", "count": 1}], "total": 12050, "address": {"city": "Bern", "street": "Lindenweg 56"}}'),
	(6, '{"customer": "Ada", "status": "shipped", "items": [{"item": "Teapot", "count": 3}, {"item": "Gift wrap", "count": 1}], "total": 12050, "address": {"city": "Bern", "street": "Lindenweg 56"}, "parcel": "CH-4056"}'),
	(10, '{"customer": "Ada", "status": "returned in part", "items": [{"item": "Teapot", "count": 3}], "total": 11700, "address": {"city": "Bern", "street": "Lindenweg 56"}, "parcel": "CH-4056", "refunded": 350}')) AS s(sequence, state) \g /dev/null

-- What if the order had been paid by invoice, or had not been shipped?
SELECT azr_create_edition('order', 'pay-by-invoice', description => 'What if orders were paid after they arrive?') \g /dev/null
SELECT azr_append_json('order', 'pay-by-invoice', :'order_root', 5, jsonb_build_array(
	pg_temp.event('InvoiceSent', '{"status": "invoiced", "due": "in 30 days"}', now() - interval '1 hour'),
	pg_temp.event('OrderShipped', '{"status": "shipped"}', now() - interval '59 min'),
	pg_temp.event('InvoicePaid', '{"status": "paid"}', now() - interval '58 min')), divergence => 5) \g /dev/null
SELECT azr_create_edition('order', 'audit-2026', description => 'The refund, as the auditor would have it') \g /dev/null
SELECT azr_append_json('order', 'audit-2026', :'order_root', 8, jsonb_build_array(
	pg_temp.event('ReturnInspected', '{"by": "auditor", "result": "torn, as said"}', now() - interval '30 min'),
	pg_temp.event('ReturnAccepted', '{"status": "returned in part", "refund": 350}', now() - interval '29 min')), divergence => 8) \g /dev/null
SELECT azr_protect_edition('order', 'audit-2026', 'sealed') \g /dev/null

-- A cascade that is still pending, and one that was revoked.
SELECT azr_append_json('stock', NULL, azr_root('stock', 'Lamp'), NULL, jsonb_build_array(pg_temp.event('StockMoved', '{"to": "Basel", "count": 5}', now() - interval '20 min')), cascade_id => 'move-17', committed => false) \g /dev/null
SELECT azr_append_json('stock', NULL, azr_root('stock', 'Kettle'), NULL, jsonb_build_array(pg_temp.event('StockMoved', '{"to": "Geneva", "count": 9}', now() - interval '25 min')), cascade_id => 'move-16', committed => false) \g /dev/null
SELECT azr_revoke_cascade('move-16', 'the van broke down') \g /dev/null

-- Groups: one that has read everything, one that is behind, and one that has parked a stream.
SELECT azr_feed_advance(100000) \g /dev/null
SELECT azr_group_create('order-list', 4), azr_group_create('invoices', 2), azr_group_create('mailer', 4, domains => '{order}') \g /dev/null
SELECT count(*) FROM azr_fetch('order-list', 100000, partitions => 4) \g /dev/null
SELECT count(*) FROM azr_fetch('invoices', 150, partitions => 1) \g /dev/null
BEGIN;
SELECT count(*) FROM azr_fetch('mailer', 100000, partitions => 4) \g /dev/null
SELECT azr_park('mailer', position, 'the mail server says: 550 no such mailbox') FROM azr_feed(-1, 100000)
WHERE domain = 'order' AND root = azr_root('order', '4033') AND type = 'OrderPlaced' \g /dev/null
COMMIT;

-- Evidence, an erasure, and some events since.
SELECT azr_evidence_enable('shop.example/orders') \g /dev/null
SELECT azr_seal(100) \g /dev/null
SELECT azr_seal(100000) \g /dev/null
SELECT azr_erase('order', NULL, azr_root('order', '4007'), 0, 1, 'asked for by the customer, case 118') \g /dev/null
SELECT azr_feed_advance(100000) \g /dev/null
SELECT count(*) FROM azr_fetch('order-list', 100000, partitions => 4) \g /dev/null
SELECT azr_grant('viewer', 'reader') FROM (SELECT) AS x WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'viewer') \g /dev/null
