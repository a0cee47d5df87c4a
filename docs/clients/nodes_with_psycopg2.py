"""angzarr on several nodes with psycopg2: ask the node that keeps the stream, also while it moves.

Usage: nodes_with_psycopg2.py NAME=DSN..., of databases that have the extension in schema es
"""
import random
import re
import sys
import time
import uuid
import zlib

import psycopg2
import psycopg2.extras

SLOTS = 1024
WRONG_NODE = "ZR013"
PATIENCE = 60               # seconds; nobody owns a slot for a moment while it moves

psycopg2.extras.register_uuid()


def slot_of(root):
    """Return the slot of a root, as azr_slot does. Roots from azr_root(domain, key) are uuids of version 5."""
    return zlib.crc32(root.bytes) % SLOTS


class Nodes:
    """Connections to the nodes of a store, for one thread, and what is known of who owns which slot."""

    def __init__(self, dsns):
        self.dsns = dsns
        self.connections = {}
        self.owners = {}

    def connection(self, node):
        """Return a connection to a node, the same one as long as it works."""
        if node not in self.connections:
            self.connections[node] = psycopg2.connect(self.dsns[node])
        return self.connections[node]

    def learn(self):
        """Ask one node who owns what. What has changed since, the error of the wrong node says."""
        for node in self.dsns:
            try:
                self.owners = dict(self.run(node, lambda cursor: all_rows(
                    cursor, "SELECT slot, node FROM es.azr_slots() WHERE node IS NOT NULL")))
                return
            except psycopg2.Error as error:
                if not is_lost(error):
                    raise

    def run(self, node, work):
        """Call work(cursor) in a transaction on a node."""
        connection = self.connection(node)
        try:
            with connection.cursor() as cursor:
                result = work(cursor)
            connection.commit()
            return result
        except BaseException:
            try:
                connection.rollback()
            except psycopg2.Error:
                del self.connections[node]      # it is broken; the first error says why
            raise

    def at(self, root, work):
        """Call work(cursor) in a transaction on the node that has the root, and return its result.

        A node that does not have it says so by an error, which names the one that has, and does
        nothing. So work is called again, but what it does is done once. While a slot moves, its
        old owner says that it moves, and for a moment each of the two names the other one.
        """
        slot = slot_of(root)
        end = time.monotonic() + PATIENCE
        pause = 0.005
        asked = set()
        node = self.owners.get(slot) or next(iter(self.dsns))
        while True:
            asked.add(node)
            try:
                result = self.run(node, work)
                self.owners[slot] = node
                return result
            except psycopg2.Error as error:
                if error.pgcode != WRONG_NODE or time.monotonic() > end:
                    raise
                named = re.search('belongs to node "(.*)"', error.diag.message_detail or "")
            node = named.group(1) if named and named.group(1) in self.dsns else node
            if not named or node in asked:
                time.sleep(pause * (0.5 + random.random()))
                pause = min(2 * pause, 0.5)
                asked = set()


def is_lost(error):
    """Return whether the connection broke, so that nobody knows what came of the statement.

    Then there is no SQLSTATE, or one of class 57, which is what a server says when it goes down.
    """
    return (error.pgcode or "57")[:2] == "57" and not isinstance(error, psycopg2.ProgrammingError)


def all_rows(cursor, query, arguments=()):
    """Return all rows of a query."""
    cursor.execute(query, arguments)
    return cursor.fetchall()


def append(nodes, domain, root, expected, types, payloads, external_id=None):
    """Append events, with payloads of bytes, and return what came of it."""
    return nodes.at(root, lambda cursor: all_rows(
        cursor, "SELECT * FROM es.azr_append(%s, NULL, %s, %s, %s, %s::bytea[], external_id => %s)",
        (domain, root, expected, types, payloads, external_id)))[0]


def append_surely(nodes, domain, root, types, payloads, external_id):
    """Append until it is known to be stored, also over broken connections: the id makes it happen once."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return append(nodes, domain, root, None, types, payloads, external_id)
        except psycopg2.Error as error:
            if not is_lost(error) or time.monotonic() > end:
                raise
            time.sleep(0.2)


def main():
    nodes = Nodes(dict(argument.split("=", 1) for argument in sys.argv[1:]))

    # what every client must compute
    for root, slot in (("00000000-0000-0000-0000-000000000000", 853), ("ffffffff-ffff-ffff-ffff-ffffffffffff", 538),
                       ("00112233-4455-6677-8899-aabbccddeeff", 411), ("9d65d0ea-06dc-5d01-a2f5-6afdb92b0aae", 274)):
        assert slot_of(uuid.UUID(root)) == slot

    # nobody was asked who owns what: the first calls are led to the right node
    accounts = [uuid.uuid4() for _ in range(40)]
    for account in accounts:
        append_surely(nodes, "account", account, ["Opened", "Deposited"], [b"Alice", b"100"], "command-1")
    learned = dict(nodes.owners)
    nodes.learn()
    print("learned:", all(nodes.owners[slot] == node for slot, node in learned.items()))

    # lists have what a node keeps: ask all
    listed = []
    for node in nodes.dsns:
        listed += [root for root, in nodes.run(node, lambda cursor: all_rows(
            cursor, "SELECT root FROM es.azr_roots('account', NULL) root"))]
    print("listed:", sorted(set(accounts) - set(listed)), len(listed) - len(set(listed)))

    # an old map leads to the same streams
    nodes.owners = dict.fromkeys(range(SLOTS), next(iter(nodes.dsns)))
    again = [append_surely(nodes, "account", account, ["Opened", "Deposited"], [b"Alice", b"100"], "command-1") for account in accounts]
    print("again:", set(again))


if __name__ == "__main__":
    main()
