# angzarr: an event-sourcing store inside PostgreSQL
#
#   make && make install     build and install for the server of PG_CONFIG
#   make installcheck        regression and isolation tests on a running server
#   make tapcheck            tests that start servers of their own
#   make dist                the archive of the last commit that PGXN takes
#
# WERROR=1 makes warnings errors, as CI does.

EXTENSION = angzarr
# Where this file is: elsewhere than the current directory in a VPATH build, as
# "make -f /path/to/Makefile VPATH=/path/to".
SOURCE := $(patsubst %/,%,$(dir $(firstword $(MAKEFILE_LIST))))

# The version stands in the control file only.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(SOURCE)/angzarr.control)
ifneq ($(shell grep -c '"version": "$(EXTVERSION)"' $(SOURCE)/META.json),2)
$(error META.json does not say version $(EXTVERSION), as angzarr.control does)
endif

MODULE_big = angzarr
SOURCES := $(sort $(wildcard $(SOURCE)/src/*.c $(SOURCE)/src/*/*.c))
OUR_HEADERS := $(wildcard $(SOURCE)/src/*/*.h)
OBJS = $(SOURCES:$(SOURCE)/%.c=%.o)

# The install script is src/install.sql, with the files that it names in place of their lines.
INSTALL_SQL := $(SOURCE)/src/install.sql
SQL_PARTS := $(addprefix $(SOURCE)/src/,$(shell sed -n 's/^\\i //p' $(INSTALL_SQL)))

DATA_built = angzarr--$(EXTVERSION).sql
# Optional: who wants it runs it.
DATA = docs/compat/message_db.sql

PG_CPPFLAGS = -I$(SOURCE)/src -DAZR_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare
ifdef WERROR
PG_CFLAGS += -Werror
endif

# One file a subject. They run in this order, since the first creates the
# extension; each keeps to domains of its own.
REGRESS = install slots arguments append append_one on_conflict expect max_payload idempotency load load_scan append_scan json find roots types \
	transactions domain_settings editions edition_model load_model immutable triggers positions snapshots maintain merge commutative cascades feed feed_scan groups import evidence erasure \
	check numbers plans row_types privileges message_db slot_moves reinstall
REGRESS_OPTS = --inputdir=$(SOURCE)

ISOLATION = expected_sequence on_conflict expect next_sequence first_event retry_external_id \
	retry_source two_streams many_streams deadlock snapshot_isolation lock_timeout \
	edition_main_growth edition_divergence edition_delete edition_isolation \
	append_scan load_scan stream_memory domain_settings slots slot_moves slot_drop types numbers positions position_end snapshots maintain commutative cascades \
	feed feed_pending feed_races feed_erased groups evidence erasure
ISOLATION_OPTS = --inputdir=$(SOURCE)/test/isolation --outputdir=test/isolation

EXTRA_CLEAN = test/isolation/results test/isolation/regression.diffs \
	test/isolation/regression.out tmp_check

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Headers are few: any change rebuilds everything.
$(OBJS) $(OBJS:.o=.bc): $(OUR_HEADERS) $(SOURCE)/angzarr.control $(SOURCE)/Makefile

# A VPATH build begins in an empty directory.
ifdef VPATH
$(shell mkdir -p $(sort $(dir $(OBJS))) test/isolation)
endif

angzarr--$(EXTVERSION).sql: $(INSTALL_SQL) $(SQL_PARTS) $(SOURCE)/angzarr.control $(SOURCE)/Makefile
	{ sed '/^\\i /d' $(INSTALL_SQL); cat $(SQL_PARTS); } >$@

# Tests that crash, copy or promote servers need servers of their own.
.PHONY: tapcheck
tapcheck: PROVE_TESTS = test/t/*.pl
tapcheck:
	$(prove_installcheck)

# What is not committed is not in it.
DISTRIBUTION = $(EXTENSION)-$(EXTVERSION)
.PHONY: dist
dist:
	perl $(SOURCE)/script/lib/meta.pl $(SOURCE)
	git -C $(SOURCE) archive --format=zip --prefix=$(DISTRIBUTION)/ --output='$(CURDIR)/$(DISTRIBUTION).zip' HEAD
