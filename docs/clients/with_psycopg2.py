"""angzarr with psycopg2: load, decide, append; and all of it again after a conflict.

Usage: with_psycopg2.py DSN, of a database that has the extension in schema es
"""
import sys
import uuid

import psycopg2
import psycopg2.extras

# What is worth another attempt: another writer was faster, the transaction was too old (at
# REPEATABLE READ and SERIALIZABLE), or it was ended for a deadlock. Any other error is the caller's.
CONFLICTS = ("ZR001", "40001", "40P01")
ATTEMPTS = 10

psycopg2.extras.register_uuid()
connection = psycopg2.connect(sys.argv[1])
connection.autocommit = True
cursor = connection.cursor()


class NotEnough(Exception):
    """The account holds less than is to be withdrawn."""


def append(root, expected, types, payloads, external_id=None):
    """Append events, with payloads of bytes, and return what came of it."""
    cursor.execute(
        "SELECT * FROM es.azr_append('account', NULL, %s, %s, %s, %s::bytea[], external_id => %s)",
        (root, expected, types, payloads, external_id))
    return cursor.fetchone()


def find(root, external_id):
    """Return what came of the append with this id, or None. What a cascade has revoked is not committed."""
    cursor.execute(
        "SELECT 'duplicate', min(sequence), max(sequence), max(sequence) + 1"
        " FROM es.azr_find_by_external_id('account', NULL, %s, %s) WHERE committed HAVING count(*) > 0",
        (root, external_id))
    return cursor.fetchone()


def load(root):
    """Replay the stream: return the balance, and the sequence that the next event gets."""
    balance, expected = 0, 0
    cursor.execute("SELECT sequence, type, payload FROM es.azr_load_effective('account', NULL, %s)", (root,))
    for sequence, event_type, payload in cursor:
        if event_type == "Deposited":
            balance += int(bytes(payload))
        elif event_type == "Withdrawn":
            balance -= int(bytes(payload))
        expected = sequence + 1
    return balance, expected


def execute(root, decide, command_id):
    """Run a command. What it decides depends on the balance, so a conflict has it decide again.

    A command that is stored already is not decided again: on its own result it might be refused. It
    is looked for after the load, so that what is not found is not in the balance either.
    """
    attempt = 1
    while True:
        balance, expected = load(root)
        stored = find(root, command_id)
        if stored:
            return stored
        types, payloads = decide(balance)
        try:
            return append(root, expected, types, payloads, command_id)
        except psycopg2.Error as error:
            if error.pgcode not in CONFLICTS or attempt == ATTEMPTS:
                raise
            print("conflict:", error.pgcode, error.diag.message_detail)
        attempt += 1


def main():
    account = uuid.uuid4()

    # A payload is any bytes. Here an amount is the text of a number.
    print("append:", *append(account, 0, ["Opened", "Signed", "Deposited"], [b"Alice", b"\x00\xff", b"100"]))
    cursor.execute("SELECT sequence, type, payload FROM es.azr_load('account', NULL, %s)", (account,))
    for sequence, event_type, payload in cursor:
        print("load:", sequence, event_type, bytes(payload).hex())

    def withdraw(balance):
        print("decide: the balance is", balance)
        # To show a conflict, somebody else deposits between our load and our append. The id makes
        # that happen once, however often we decide.
        append(account, None, ["Deposited"], [b"5"], "transfer-9")
        if balance < 60:
            raise NotEnough
        return ["Withdrawn"], [b"60"]

    print("append:", *execute(account, withdraw, "command-1"))
    # The answer got lost, and the caller sends the same command again. 45 is left: not enough for another one.
    print("again:", *execute(account, withdraw, "command-1"))


main()
