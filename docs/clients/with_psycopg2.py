"""angzarr with psycopg2: load, decide, append; and all of it again after a conflict. Then follow the feed.

Usage: with_psycopg2.py DSN, of a database that has the extension in schema es
"""
import itertools
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


class CannotHandle(Exception):
    """An event that this program cannot handle as it is."""


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


def follow(group, handle):
    """Work for a group. A program that goes on waits for longer, and does not return."""
    head = -1
    while True:
        while work("azr_fetch", group, handle):
            pass
        # nothing is left, or other workers have it: a transaction of its own that waits for more
        cursor.execute("SELECT es.azr_feed_wait(%s, timeout => '100 ms')", (head,))
        found = cursor.fetchone()[0]
        if found == head:
            return
        head = found


def work(function, group, handle):
    """Handle a batch in one transaction, with what handle() does in this database; return its size.

    After an error that is no CannotHandle, the events are given again.
    """
    cursor.execute("BEGIN")
    try:
        cursor.execute("SELECT position, domain, root, sequence, type, payload FROM es.%s(%%s)" % function, (group,))
        events = cursor.fetchall()
        parked = set()
        # a confirmation gives several events at its one position: all of them are handled, or none
        for position, at_position in itertools.groupby(events, key=lambda event: event[0]):
            at_position = list(at_position)
            stream = at_position[0][1:3]
            if stream in parked:
                continue            # they wait for what is parked: azr_retry gives them after it
            cursor.execute("SAVEPOINT one_position")
            try:
                for event in at_position:
                    handle(*event[3:])
            except CannotHandle as error:
                cursor.execute("ROLLBACK TO one_position")
                cursor.execute("SELECT es.azr_park(%s, %s, %s)", (group, position, str(error)))
                parked.add(stream)
            cursor.execute("RELEASE one_position")
        cursor.execute("COMMIT")
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    return len(events)


def main():
    account = uuid.uuid4()

    # A group is created once. This one begins after what is there, and has a name for this run.
    group = "statements %s" % account
    cursor.execute("SELECT es.azr_group_create(%s, after => es.azr_feed_advance(), domains => ARRAY['account'])", (group,))

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

    def handle_text(sequence, event_type, payload):
        try:
            print("handle:", sequence, event_type, bytes(payload).decode())
        except UnicodeDecodeError as error:
            print("park:", sequence, event_type)
            raise CannotHandle("the payload is no text") from error

    def handle_bytes(sequence, event_type, payload):
        print("retry:", sequence, event_type, bytes(payload).hex())

    follow(group, handle_text)
    # Once the program can handle what was parked, the stream goes on from there.
    work("azr_retry", group, handle_bytes)


main()
