#!/usr/bin/python3
"""Writers, readers and workers of a store on several nodes, while its slots move and nodes are killed.

Usage: load.py CLIENTS-DIR STOP-FILE SLOTS NAME=DSN...

Works until there is a STOP-FILE. Then it waits until the groups are done, compares all that it was
told with all that there is, and prints each problem, and how much of what there was. SLOTS, separated
by commas, have most of the streams. The nodes have the group "load", and a table "handled".

As docs/clients has it for users, each thread goes by the errors of the nodes to find who has a stream.
"""
import collections
import itertools
import json
import os
import random
import sys
import threading
import time
import uuid

sys.path.insert(0, sys.argv[1])

import psycopg2                                                                     # noqa: E402
from nodes_with_psycopg2 import Nodes, all_rows, is_lost, slot_of                         # noqa: E402

DSNS = dict(argument.split("=", 1) for argument in sys.argv[4:])
HOT = [int(slot) for slot in sys.argv[3].split(",")]
READERS = 4
PAUSE = 0.05                        # seconds at most, after each append and read
PATIENCE = 90
MAIN = "angzarr"

Acknowledged = collections.namedtuple("Acknowledged", "domain edition root first last payload")

stopping = threading.Event()
draining = threading.Event()
lock = threading.Lock()
problems = []
acknowledged = []
unknown = set()                     # payloads of which it is not known whether they are stored
known_next = collections.Counter()  # of (domain, root), what was told of the main timeline
counts = collections.Counter()
seen_in_feed = set()


def problem(text):
    with lock:
        problems.append(text)
        if len(problems) <= 30:
            print(f"problem: {text}", flush=True)


def root_in(slots):
    while True:
        root = uuid.uuid4()
        if slot_of(root) in slots:
            return root


def surely(work):
    """Call work() until no connection breaks meanwhile."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except psycopg2.Error as error:
            if not is_lost(error) or time.monotonic() > end:
                raise
            counts["broken connections"] += 1
            time.sleep(0.1)


def acknowledge(domain, edition, root, first, last, payload):
    with lock:
        acknowledged.append(Acknowledged(domain, edition, root, first, last, payload))
        if edition == MAIN:
            known_next[domain, root] = max(known_next[domain, root], last + 1)
    counts["appends"] += 1


def append(nodes, edition, root, expected, payload, external_id, number):
    return nodes.at(root, lambda cursor: all_rows(
        cursor, "SELECT outcome, first_sequence, last_sequence FROM es.azr_append('load', %s, %s, %s, %s, %s::bytea[],"
        " external_id => %s, divergence => %s)",
        (edition, root, expected, ["T"] * number, [payload.encode()] * number, external_id,
         0 if edition else None)))[0]


def payloads(name):
    return (f"{name}-{number}" for number in itertools.count())


# --- Writers: each takes a name and what it may write to, and ends when stopping is set


def write_plainly(name, nodes, roots):
    """What breaks off may have been stored or not."""
    for payload in payloads(name):
        if stopping.is_set():
            return
        root = random.choice(roots)
        try:
            _, first, last = append(nodes, None, root, None, payload, None, 2)
            acknowledge("load", MAIN, root, first, last, payload)
        except psycopg2.Error as error:
            if not is_lost(error):
                raise
            unknown.add(payload)
            time.sleep(0.1)
        time.sleep(random.random() * PAUSE)


def write_surely(name, nodes, roots):
    """With an id, so what breaks off is sent again, maybe to another node."""
    for payload in payloads(name):
        if stopping.is_set():
            return
        root = random.choice(roots)
        outcome, first, last = surely(lambda: append(nodes, None, root, None, payload, payload, 3))
        counts["duplicates"] += outcome == "duplicate"
        acknowledge("load", MAIN, root, first, last, payload)
        time.sleep(random.random() * PAUSE)


def write_expecting(name, nodes, roots):
    """Streams of one writer, which knows what is next."""
    expected = collections.Counter()
    for payload in payloads(name):
        if stopping.is_set():
            return
        root = random.choice(roots)
        _, first, last = surely(lambda: append(nodes, None, root, expected[root], payload, payload, 2))
        if first != expected[root]:
            problem(f"{payload} in {root} is at {first}, not at {expected[root]}")
        expected[root] = last + 1
        acknowledge("load", MAIN, root, first, last, payload)
        time.sleep(random.random() * PAUSE)


def write_branches(name, nodes, roots):
    for payload in payloads(name):
        if stopping.is_set():
            return
        root = random.choice(roots)
        outcome, first, last = surely(lambda: append(nodes, "branch", root, None, payload, payload, 2))
        counts["duplicates"] += outcome == "duplicate"
        acknowledge("load", "branch", root, first, last, payload)
        time.sleep(random.random() * PAUSE)


def write_states(name, nodes, roots):
    """States and positions: both are as they were left, wherever the stream is by then."""
    written = {root: 0 for root in roots}

    def put(root, payload):
        def work(cursor):
            (state,), = all_rows(cursor, "SELECT convert_from((SELECT state FROM es.azr_get_snapshot('state', NULL, %s)), 'UTF8')", (root,))
            (position,), = all_rows(cursor, "SELECT es.azr_get_position('load', 'state', NULL, %s)", (root,))
            (next_sequence,), = all_rows(cursor, "SELECT es.azr_next_sequence('state', NULL, %s)", (root,))
            count = json.loads(state)["count"] if state else 0
            if count < written[root] or next_sequence != count or (position if position is not None else -1) != count - 1:
                problem(f"state {count}, position {position} and next sequence {next_sequence} in {root}, not {written[root]}")
            rows = all_rows(
                cursor, "SELECT first_sequence, last_sequence FROM es.azr_append_commutative('state', NULL, %s, %s,"
                " ARRAY['T'], ARRAY[%s::bytea], 'application/json', convert_to(%s, 'UTF8'))",
                (root, next_sequence, payload.encode(), json.dumps({"count": count + 1})))
            all_rows(cursor, "SELECT es.azr_put_position('load', 'state', NULL, %s, %s)", (root, count))
            return rows[0]
        return nodes.at(root, work)

    for payload in payloads(name):
        if stopping.is_set():
            return
        root = random.choice(roots)
        try:
            first, last = put(root, payload)
            written[root] = last + 1
            acknowledge("state", MAIN, root, first, last, payload)
        except psycopg2.Error as error:
            if not is_lost(error):
                raise
            unknown.add(payload)
            time.sleep(0.1)
        time.sleep(random.random() * PAUSE)


# --- Readers


def read_streams(_, nodes, roots):
    """A stream has all of which anybody was told before, without a gap."""
    while not stopping.is_set():
        root = random.choice(roots)
        known = known_next["load", root]

        def work(cursor, root=root):
            rows = [sequence for sequence, in all_rows(cursor, "SELECT sequence FROM es.azr_load('load', NULL, %s)", (root,))]
            (after,), = all_rows(cursor, "SELECT es.azr_next_sequence('load', NULL, %s)", (root,))
            return rows, after
        sequences, after = surely(lambda: nodes.at(root, work))
        if sequences != list(range(len(sequences))) or len(sequences) < known or after < len(sequences):
            problem(f"a read of {root} gave {len(sequences)} events, then {after}, where {known} were known")
        counts["reads"] += 1
        time.sleep(random.random() * PAUSE)


def follow_feed(node, nodes):
    """Each stream comes in order: what a feed gives of it is the next one, or one that it has given before."""
    after, reached = -1, {}
    while True:
        ended = draining.is_set()

        def work(cursor, after=after):
            (head,), = all_rows(cursor, "SELECT es.azr_feed_wait(%s, '200 ms')", (after,))
            return head, all_rows(cursor, "SELECT position, domain, root, sequence FROM es.azr_feed(%s, 1000)", (after,))
        head, rows = surely(lambda: nodes.run(node, work))
        for position, domain, root, sequence in rows:
            if position <= after:
                problem(f"the feed of {node} gave position {position} after {after}")
            after = position
            if sequence > reached.get((domain, root), -1) + 1:
                problem(f"the feed of {node} gave {root}/{sequence} at {position} after {reached.get((domain, root), -1)}")
            reached[domain, root] = max(reached.get((domain, root), -1), sequence)
            with lock:
                seen_in_feed.add((domain, root, sequence))
        after = max(after, head if len(rows) < 1000 and head <= after + 1000 else after)
        if ended and not rows:
            return


def work_for_group(node, nodes):
    empty = 0
    while not draining.is_set() or empty < 20:
        def work(cursor):
            cursor.execute("INSERT INTO handled (domain, root, sequence, position) SELECT domain, root, sequence, position FROM es.azr_fetch('load', 200) ORDER BY position")
            return cursor.rowcount
        rows = surely(lambda: nodes.run(node, work))
        empty = 0 if rows else empty + 1
        if not rows:
            time.sleep(0.03)


# --- What there is in the end


def check_events(nodes):
    stored, counted, places = {}, collections.Counter(), collections.defaultdict(set)
    for node in DSNS:
        rows = nodes.run(node, lambda cursor: all_rows(
            cursor, "SELECT domain, edition, root, sequence, convert_from(payload, 'UTF8') FROM es.azr_timeline"
            " WHERE domain IN ('load', 'state') AND es.azr_slot(root) IN (SELECT slot FROM es.azr_slots() WHERE state = 'own')"))
        for domain, edition, root, sequence, payload in rows:
            if (domain, edition, root, sequence) in stored:
                problem(f"{domain}/{edition}/{root}/{sequence} is there twice")
            stored[domain, edition, root, sequence] = payload
            counted[payload] += 1
        for domain in "load", "state":
            for edition in None, "branch":
                for root, in nodes.run(node, lambda cursor: all_rows(cursor, "SELECT root FROM es.azr_roots(%s, %s) root", (domain, edition))):
                    places[domain, edition, root].add(node)
        for row in nodes.run(node, lambda cursor: all_rows(cursor, "SELECT * FROM es.azr_check()")):
            problem(f"{node}: azr_check: {row}")
    for stream, kept_on in places.items():
        if len(kept_on) != 1:
            problem(f"{stream} is listed on {kept_on}")
    for told in acknowledged:
        for sequence in range(told.first, told.last + 1):
            if stored.get((told.domain, told.edition, told.root, sequence)) != told.payload:
                problem(f"lost: {told} has {stored.get((told.domain, told.edition, told.root, sequence))} at {sequence}")
        if counted[told.payload] != told.last - told.first + 1:
            problem(f"{told} is there {counted[told.payload]} times")
    for payload in unknown:
        if counted[payload] not in (0, 1 if payload.startswith("state") else 2):
            problem(f"{payload}, of which nothing is known, is there {counted[payload]} times")
    strange = set(counted) - {told.payload for told in acknowledged} - unknown
    if strange:
        problem(f"nobody has appended {sorted(strange)[:10]}")
    return {(domain, root, sequence) for domain, edition, root, sequence in stored if edition == MAIN}


def check_handled(nodes, events):
    handled = []
    for node in DSNS:
        handled += nodes.run(node, lambda cursor: all_rows(
            cursor, "SELECT at, domain, root, sequence, %s, position FROM handled"
            " WHERE domain IN ('load', 'state')", (node,)))
    times = collections.Counter(row[1:4] for row in handled)
    for event in events - set(times):
        problem(f"never handled: {event}")
    for event in set(times) - events:
        problem(f"handled, but not there: {event}")
    for event, number in times.items():
        if number > 1:
            problem(f"handled {number} times: {event}, {[(str(row[0]), row[4], row[5]) for row in handled if row[1:4] == event]}")
    last = {}
    for at, domain, root, sequence, node, position in sorted(handled, key=lambda row: (row[0], row[3])):
        if sequence < last.get((domain, root), (-1,))[0]:
            problem(f"handled {domain}/{root}/{sequence} on {node} at {at}, position {position}, after {last[domain, root]}")
        last[domain, root] = max(last.get((domain, root), (-1,)), (sequence, node, str(at)))
    for event in events - seen_in_feed:
        problem(f"in no feed: {event}")


def run(function, *arguments):
    def guarded():
        try:
            function(*arguments)
        except Exception as error:              # noqa: BLE001
            problem(f"{function.__name__}: {type(error).__name__}: {getattr(error, 'pgcode', None)} {error}".strip())
    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    return thread


def wait_for(threads):
    end = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
        if thread.is_alive():
            problem("a thread does not end")


def main():
    roots = [root_in(HOT) for _ in range(10 * len(HOT))] + [root_in(range(1024)) for _ in range(12)]
    own = [[root_in(HOT) for _ in range(6)] for _ in range(3)]
    busy = [run(write_plainly, f"plain{number}", Nodes(DSNS), roots) for number in range(2)]
    busy += [run(write_surely, f"surely{number}", Nodes(DSNS), roots) for number in range(2)]
    busy += [run(write_expecting, f"expecting{number}", Nodes(DSNS), own[number]) for number in range(2)]
    busy += [run(write_branches, "branches", Nodes(DSNS), roots), run(write_states, "state", Nodes(DSNS), own[2])]
    busy += [run(read_streams, number, Nodes(DSNS), roots + own[0] + own[1]) for number in range(READERS)]
    following = [run(function, node, Nodes(DSNS)) for node in DSNS for function in (follow_feed, work_for_group)]
    print("started", flush=True)

    while not os.path.exists(sys.argv[2]):
        time.sleep(0.1)
    stopping.set()
    wait_for(busy)
    draining.set()
    wait_for(following)
    nodes = Nodes(DSNS)
    events = check_events(nodes)
    check_handled(nodes, events)
    print(f"problems: {len(problems)}")
    counts["events"] = len(events)
    counts["unknown"] = len(unknown)
    print(", ".join(f"{counts[name]} {name}" for name in sorted(counts)))


main()
