"""angzarr with psycopg2: append, load, conflict, retry.

Usage: with_psycopg2.py DSN, of a database with the extension
"""
import sys
import uuid

import psycopg2
import psycopg2.extras

psycopg2.extras.register_uuid()
connection = psycopg2.connect(sys.argv[1])
connection.autocommit = True
cursor = connection.cursor()
root = uuid.uuid4()


def append(expected, types, payloads, external_id=None):
    """Append events, with payloads of bytes, and return what came of it."""
    cursor.execute(
        "SELECT * FROM azr_append('account', NULL, %s, %s, %s, %s::bytea[], external_id => %s)",
        (root, expected, types, payloads, external_id))
    return cursor.fetchone()


print("append:", *append(0, ["Opened", "Deposited"], [b'{"owner": "Alice"}', b"\x00\xff"], "request-1"))

cursor.execute("SELECT sequence, type, payload FROM azr_load('account', NULL, %s)", (root,))
for sequence, event_type, payload in cursor:
    print("load:", sequence, event_type, bytes(payload).hex())

# somebody else was faster: load, decide again, append
try:
    append(1, ["Withdrawn"], [b"50"])
except psycopg2.Error as error:
    print("conflict:", error.pgcode, error.diag.message_detail)
    cursor.execute("SELECT azr_next_sequence('account', NULL, %s)", (root,))
    print("append:", *append(cursor.fetchone()[0], ["Withdrawn"], [b"50"]))

# the answer to the first request got lost: the same request again
print("again:", *append(0, ["Opened", "Deposited"], [b'{"owner": "Alice"}', b"\x00\xff"], "request-1"))
