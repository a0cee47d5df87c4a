# angzarr: an event-sourcing store inside PostgreSQL
#
#   make && make install     build and install for the server of PG_CONFIG
#   make installcheck        regression and isolation tests on a running server
#   make tapcheck            tests that start servers of their own
#   make dist                the archive of the last commit that PGXN takes
#
# WERROR=1 makes warnings errors, as CI does.

# angzarr is the store. angzarr_router, on PL/Proxy, is for stores of several nodes. It is built
# without PL/Proxy, too, and needs that where it is created.
EXTENSION = angzarr angzarr_router
# Where this file is: elsewhere than the current directory in a VPATH build, as
# "make -f /path/to/Makefile VPATH=/path/to".
SOURCE := $(patsubst %/,%,$(dir $(firstword $(MAKEFILE_LIST))))

# The version stands in the control file only.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(SOURCE)/angzarr.control)
# Of the four in META.json, the one that is indented by 6 is the specification's.
ifneq ($(shell grep -cE '^( {3}| {9})"version": "$(EXTVERSION)"' $(SOURCE)/META.json),3)
$(error META.json does not say version $(EXTVERSION), as angzarr.control does)
endif

MODULE_big = angzarr
SOURCES := $(sort $(filter-out $(SOURCE)/src/router/%,$(wildcard $(SOURCE)/src/*.c $(SOURCE)/src/*/*.c)))
OUR_HEADERS := $(wildcard $(SOURCE)/src/*/*.h)
OBJS = $(SOURCES:$(SOURCE)/%.c=%.o)

# The install script is src/install.sql, with the files that it names in place of their lines.
INSTALL_SQL := $(SOURCE)/src/install.sql
SQL_PARTS := $(addprefix $(SOURCE)/src/,$(shell sed -n 's/^\\i //p' $(INSTALL_SQL)))

# The router is a library of its own, of one file, and so is its install script.
MODULES = angzarr_router
ROUTER_SQL := $(addprefix $(SOURCE)/src/router/,router.sql map.sql merge.sql editions.sql cascades.sql access.sql creator.sql)

DATA_built = angzarr--$(EXTVERSION).sql angzarr_router--$(EXTVERSION).sql
# The first is optional: who wants it runs it.  The others lead from a release to the next one.
DATA = docs/compat/message_db.sql $(patsubst $(SOURCE)/%,%,$(sort $(wildcard $(SOURCE)/src/angzarr--*--*.sql)))

PG_CPPFLAGS = -I$(SOURCE)/src -DAZR_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare
ifdef WERROR
PG_CFLAGS += -Werror
endif
# Calls within the library go straight there, and calls of the server's functions by one jump.
ifeq ($(shell uname -s),Linux)
PG_CFLAGS += -fno-semantic-interposition -fno-plt
SHLIB_LINK = -Wl,-Bsymbolic
endif

# One file a subject. They run in this order, since the first creates the
# extension; each keeps to domains of its own.
REGRESS = install slots arguments append append_one on_conflict expect max_payload idempotency load load_scan append_scan json find roots types \
	transactions domain_settings editions edition_model load_model immutable triggers positions snapshots maintain merge commutative cascades feed feed_scan groups import evidence erasure \
	call check statistics numbers plans row_types privileges message_db slot_moves reinstall
REGRESS_OPTS = --inputdir=$(SOURCE)

ISOLATION = expected_sequence on_conflict expect next_sequence first_event retry_external_id \
	retry_source two_streams many_streams deadlock snapshot_isolation lock_timeout \
	edition_main_growth edition_divergence edition_delete edition_isolation \
	append_scan load_scan load_by_page stream_memory domain_settings slots slot_moves slot_drop types numbers positions position_end snapshots maintain commutative cascades \
	feed feed_pending feed_races feed_erased groups evidence erasure
ISOLATION_OPTS = --inputdir=$(SOURCE)/test/isolation --outputdir=test/isolation

EXTRA_CLEAN = test/isolation/results test/isolation/regression.diffs \
	test/isolation/regression.out tmp_check

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Headers are few: any change rebuilds everything.
$(OBJS) $(OBJS:.o=.bc): $(OUR_HEADERS) $(SOURCE)/angzarr.control $(SOURCE)/Makefile

angzarr_router.o angzarr_router.bc: $(SOURCE)/src/router/router.c $(OUR_HEADERS) $(SOURCE)/angzarr.control $(SOURCE)/Makefile
angzarr_router.o:
	$(CC) $(CFLAGS) $(CPPFLAGS) -c -o $@ $<
angzarr_router.bc:
	$(COMPILE.c.bc) -o $@ $<

# A VPATH build begins in an empty directory.
ifdef VPATH
$(shell mkdir -p $(sort $(dir $(OBJS))) test/isolation)
endif

angzarr--$(EXTVERSION).sql: $(INSTALL_SQL) $(SQL_PARTS) $(SOURCE)/angzarr.control $(SOURCE)/Makefile
	{ sed '/^\\i /d' $(INSTALL_SQL); cat $(SQL_PARTS); } >$@

angzarr_router--$(EXTVERSION).sql: $(ROUTER_SQL) $(SOURCE)/Makefile
	{ printf '%s\n' '\echo Use "CREATE EXTENSION angzarr_router" to load this file. \quit'; cat $(ROUTER_SQL); } >$@

# Tests that crash, copy or promote servers need servers of their own.
.PHONY: tapcheck
tapcheck: PROVE_TESTS = test/t/*.pl
tapcheck:
	$(prove_installcheck)

# What is not committed is not in it.
DISTRIBUTION = angzarr-$(EXTVERSION)
.PHONY: dist
dist:
	perl $(SOURCE)/script/lib/meta.pl $(SOURCE)
	git -C $(SOURCE) archive --format=zip --prefix=$(DISTRIBUTION)/ --output='$(CURDIR)/$(DISTRIBUTION).zip' HEAD
