# Helpers of the scripts in script/: messages, packages, finding PostgreSQL,
# building the extension.  To be sourced by bash with "set -euo pipefail".
#
# Environment:
#   PG_CONFIG  pg_config of the PostgreSQL to build for; without it, the newest
#              installed one that has server headers
#   WERROR     when not empty, compiler warnings are errors
#
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
PROGRAM=script/$(basename "$0")

# The oldest PostgreSQL that the extension supports.
OLDEST_MAJOR=15

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "$PROGRAM" "$*" >&2
	exit 1
}

have() {
	command -v "$1" >/dev/null
}

# Runs a command and shows what it says only if it fails.  A file takes the
# output, since a daemon that the command starts would keep a pipe open.
quietly() {
	local output status=0

	output=$(mktemp)
	"$@" >"$output" 2>&1 </dev/null || status=$?
	if ((status)); then
		cat "$output" >&2
		rm -f "$output"
		die "failed with status $status: $*"
	fi
	rm -f "$output"
}

as_root() {
	if ((EUID == 0)); then
		"$@"
	elif have sudo; then
		sudo -- "$@"
	else
		die "run this as root (there is no sudo here): $*"
	fi
}

# Installs those of the Debian packages that are missing.  Elsewhere it trusts
# that their programs are there: who misses one gets told by its name.
need_packages() {
	local package missing=()

	have apt-get && have dpkg-query || return 0
	for package; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -qx installed || missing+=("$package")
	done
	((${#missing[@]})) || return 0

	say "installing ${missing[*]}"
	update_package_lists
	quietly as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -y -q --no-install-recommends install "${missing[@]}"
}

update_package_lists() {
	[[ -z ${PACKAGE_LISTS_UPDATED-} ]] || return 0
	quietly as_root apt-get -q update
	PACKAGE_LISTS_UPDATED=yes
}

# Prints the major version of a pg_config's PostgreSQL.
postgres_major() {
	local version

	version=$("$1" --version)
	version=${version#PostgreSQL }
	printf '%s\n' "${version%%[!0-9]*}"
}

# Is this the pg_config of a server that the extension can be built for?
is_buildable() {
	have "$1" &&
		[[ $(postgres_major "$1") -ge $OLDEST_MAJOR ]] &&
		[[ -f $("$1" --pgxs) && -f $("$1" --includedir-server)/postgres.h ]] &&
		[[ -x $("$1" --bindir)/postgres ]]
}

# Sets PG_CONFIG and BINDIR, installing Debian's PostgreSQL if there is none.
find_postgres() {
	local candidate major

	if [[ -n ${PG_CONFIG-} ]]; then
		is_buildable "$PG_CONFIG" ||
			die "PG_CONFIG=$PG_CONFIG is no PostgreSQL $OLDEST_MAJOR or newer with server and headers"
	else
		for candidate in $(newest_first /usr/lib/postgresql/*/bin/pg_config) pg_config; do
			if is_buildable "$candidate"; then
				PG_CONFIG=$candidate
				break
			fi
		done
	fi
	if [[ -z ${PG_CONFIG-} ]]; then
		have apt-get ||
			die "install PostgreSQL $OLDEST_MAJOR or newer with its server headers, or set PG_CONFIG"
		update_package_lists
		major=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]\+\)$/\1/p' | head -n 1)
		[[ -n $major ]] || die "apt knows no package postgresql"
		need_packages "postgresql-$major" "postgresql-server-dev-$major"
		PG_CONFIG=/usr/lib/postgresql/$major/bin/pg_config
		is_buildable "$PG_CONFIG" ||
			die "PostgreSQL $major of this Debian will not do: $OLDEST_MAJOR or newer is needed"
	fi
	PG_CONFIG=$(command -v "$PG_CONFIG")
	BINDIR=$("$PG_CONFIG" --bindir)
	export PG_CONFIG BINDIR
}

newest_first() {
	printf '%s\n' "$@" | sort -rV
}

# add_counts FILE STATUS
#
# Adds to passed and failed what the last line of a script's output says.  A script that
# failed without a failed test, or that broke off, is one.
add_counts() {
	local output=$1 status=$2

	if [[ $(tail -n 1 "$output") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		((passed += BASH_REMATCH[1], failed += BASH_REMATCH[2])) || true
		((status == 0 || BASH_REMATCH[2] > 0)) || ((failed += 1))
	else
		say "the tests broke off with status $status"
		((failed += 1))
	fi
}

# copy_checkout DIR
#
# Puts the files that belong to the project into DIR, as they are here.
copy_checkout() {
	need_packages git
	git -C "$ROOT" -c safe.directory="$ROOT" ls-files -z |
		tar -C "$ROOT" --null --files-from=- -cf - | tar -C "$1" -xf -
}

make_extension() {
	make -s -C "$ROOT" PG_CONFIG="$PG_CONFIG" ${WERROR:+WERROR=1} "$@"
}

# Builds for the PostgreSQL of find_postgres, and installs.  Does only what is
# to be done: objects that were built for another server go first.
build_and_install() {
	local built_for
	local stamp=$ROOT/.built-for

	need_packages gcc libc6-dev make
	built_for="$("$PG_CONFIG" --version), $BINDIR${WERROR:+, WERROR}"
	if [[ ! -f $stamp || $(<"$stamp") != "$built_for" ]]; then
		make_extension clean >/dev/null
		printf '%s\n' "$built_for" >"$stamp"
	fi
	make_extension -j "$(nproc)" all >/dev/null
	is_installed || install_extension
}

is_installed() {
	local libdir sharedir sql

	libdir=$("$PG_CONFIG" --pkglibdir)
	sharedir=$("$PG_CONFIG" --sharedir)/extension
	cmp -s "$ROOT/angzarr.so" "$libdir/angzarr.so" || return 1
	for sql in "$ROOT"/angzarr.control "$ROOT"/angzarr--*.sql; do
		cmp -s "$sql" "$sharedir/${sql##*/}" || return 1
	done
}

install_extension() {
	if [[ -w $("$PG_CONFIG" --pkglibdir) && -w $("$PG_CONFIG" --sharedir)/extension ]]; then
		make_extension install >/dev/null
	else
		as_root make -s -C "$ROOT" PG_CONFIG="$PG_CONFIG" ${WERROR:+WERROR=1} install >/dev/null
	fi
}
