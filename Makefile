# angzarr: an event-sourcing store inside PostgreSQL
#
#   make && make install     build and install for the server of PG_CONFIG
#   make installcheck        regression and isolation tests on a running server
#   make tapcheck            tests that start servers of their own
#
# WERROR=1 makes warnings errors, as CI does.

EXTENSION = angzarr
# The version stands in the control file only.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" angzarr.control)
ifneq ($(shell grep -c '"version": "$(EXTVERSION)"' META.json),2)
$(error META.json does not say version $(EXTVERSION), as angzarr.control does)
endif

MODULE_big = angzarr
OBJS = \
	src/angzarr.o \
	src/base/args.o \
	src/base/extension.o \
	src/base/insert.o \
	src/base/iso_time.o \
	src/base/json.o \
	src/base/lock.o \
	src/base/numbered.o \
	src/base/partition.o \
	src/base/query.o \
	src/base/root_scan.o \
	src/base/stream.o \
	src/base/table.o \
	src/base/upsert.o \
	src/base/wire.o \
	src/care/change.o \
	src/care/check.o \
	src/care/privileges.o \
	src/care/publication.o \
	src/care/take_over.o \
	src/cascades/cascades.o \
	src/cascades/framework_events.o \
	src/cascades/load_effective.o \
	src/editions/editions.o \
	src/events/append.o \
	src/events/appender.o \
	src/events/edition_table.o \
	src/events/event_table.o \
	src/events/event_types.o \
	src/events/find.o \
	src/events/immutable.o \
	src/events/json_events.o \
	src/events/load.o \
	src/events/load_scan.o \
	src/events/max_payload.o \
	src/events/resolution.o \
	src/events/roots.o \
	src/events/timeline.o \
	src/merge/append_commutative.o \
	src/merge/document.o \
	src/merge/merge.o \
	src/merge/message.o \
	src/merge/state.o \
	src/positions/lag.o \
	src/positions/positions.o \
	src/snapshots/load_state.o \
	src/snapshots/maintain.o \
	src/snapshots/period.o \
	src/snapshots/snapshot_table.o \
	src/snapshots/snapshots.o \
	src/snapshots/timeline_snapshot.o

# The install script, in the order in which objects need each other.
SQL_PARTS = \
	src/angzarr.sql \
	src/base/stream.sql \
	src/events/edition_table.sql \
	src/events/event_types.sql \
	src/events/event_table.sql \
	src/events/immutable.sql \
	src/events/append.sql \
	src/events/load.sql \
	src/events/find.sql \
	src/events/roots.sql \
	src/positions/positions.sql \
	src/snapshots/snapshot_table.sql \
	src/snapshots/snapshots.sql \
	src/snapshots/load_state.sql \
	src/snapshots/maintain.sql \
	src/merge/merge.sql \
	src/merge/append_commutative.sql \
	src/cascades/cascades.sql \
	src/cascades/load_effective.sql \
	src/editions/editions.sql \
	src/care/check.sql \
	src/care/privileges.sql \
	src/care/change.sql \
	src/care/take_over.sql \
	src/care/publication.sql \
	src/care/creator.sql

DATA_built = angzarr--$(EXTVERSION).sql

PG_CPPFLAGS = -I$(srcdir)/src -DAZR_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare
ifdef WERROR
PG_CFLAGS += -Werror
endif

# One file a subject. They run in this order, since the first creates the
# extension; each keeps to domains of its own.
REGRESS = install arguments append max_payload idempotency load load_scan json find roots types \
	transactions editions edition_model immutable triggers positions snapshots maintain merge commutative cascades \
	check numbers plans privileges reinstall
REGRESS_OPTS = --inputdir=.

ISOLATION = expected_sequence next_sequence first_event retry_external_id \
	retry_source two_streams deadlock snapshot_isolation lock_timeout \
	edition_main_growth edition_divergence edition_delete edition_isolation \
	load_scan types numbers positions position_end snapshots maintain commutative cascades
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=test/isolation

EXTRA_CLEAN = test/isolation/results test/isolation/regression.diffs \
	test/isolation/regression.out tmp_check

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Headers are few: any change rebuilds everything.
$(OBJS): $(wildcard src/*/*.h) angzarr.control Makefile
$(OBJS:.o=.bc): $(wildcard src/*/*.h) angzarr.control Makefile

angzarr--$(EXTVERSION).sql: $(SQL_PARTS) angzarr.control Makefile
	cat $(addprefix $(srcdir)/, $(SQL_PARTS)) > $@

# Tests that crash, copy or promote servers need servers of their own.
.PHONY: tapcheck
tapcheck: PROVE_TESTS = test/t/*.pl
tapcheck:
	$(prove_installcheck)
