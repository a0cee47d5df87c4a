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

# Runs a command and shows what it says only if it fails.  While it runs, says every
# 10 seconds how far it has come.
quietly() {
	local output status=0

	output=$(mktemp)
	patiently "$output" with_errors "$@" </dev/null || status=$?
	if ((status)); then
		cat "$output" >&2
		rm -f "$output"
		die "failed with status $status: $*"
	fi
	rm -f "$output"
}

with_errors() {
	"$@" 2>&1
}

# patiently FILE COMMAND...
#
# Runs a command whose output goes to FILE, and shows the last line of it every 10
# seconds.  It is a file, since a daemon that the command starts would keep a pipe open;
# and so nothing that the command starts may have the clock's pipe.
patiently() {
	local output=$1 clock status=0

	shift
	exec {clock}> >(tick "$output")
	(
		exec {clock}>&-
		"$@"
	) >"$output" || status=$?
	exec {clock}>&-
	return "$status"
}

# Ends when its standard input does.
tick() {
	local output=$1 seconds=0 status last

	while true; do
		status=0
		read -r -t 10 || status=$?
		((status > 128)) || return 0
		((seconds += 10))
		last=$(tail -n 1 -- "$output" 2>/dev/null | tr -d '\000-\037')
		((${#last} <= 70)) || last=…${last: -70}
		say "  $seconds s${last:+: $last}"
	done
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
	quietly install_packages "${missing[@]}"
}

# Installs PL/Proxy, which routers need, for the PostgreSQL of find_postgres.  Where the
# distribution does not have it, what needs it is left out.
want_plproxy() {
	local package

	package=postgresql-$(postgres_major "$PG_CONFIG")-plproxy
	have apt-cache && [[ -n $(apt-cache search --names-only "^$package\$") ]] || return 0
	need_packages "$package"
}

# Debian's PostgreSQL makes a cluster as soon as it is installed, and starts it, also at
# each boot from then on.  Nothing here needs one, so it is told not to, for as long as
# this takes.
install_packages() (
	made=()
	directory=/etc/postgresql-common/createcluster.d
	trap 'as_root rm -f "$directory/zz-angzarr.conf"
		((${#made[@]} == 0)) || as_root rmdir --ignore-fail-on-non-empty "${made[@]}"' EXIT
	for missing in "${directory%/*}" "$directory"; do
		[[ ! -d $missing ]] || continue
		as_root mkdir "$missing" || exit 1
		made=("$missing" "${made[@]}")
	done
	printf 'create_main_cluster = false\n' | as_root tee "$directory/zz-angzarr.conf" >/dev/null || exit 1
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -y -q --no-install-recommends install "$@"
)

update_package_lists() {
	[[ -z ${PACKAGE_LISTS_UPDATED-} ]] || return 0
	quietly as_root apt-get -q update
	PACKAGE_LISTS_UPDATED=yes
}

# postgres_major PG_CONFIG...
#
# Prints the major version of a pg_config's PostgreSQL.
postgres_major() {
	local version

	version=$("$@" --version)
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

# Sets PG_CONFIG and BINDIR, if there is a PostgreSQL to build for.
look_for_postgres() {
	local candidate

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
	[[ -n ${PG_CONFIG-} ]] || return 1
	PG_CONFIG=$(command -v "$PG_CONFIG")
	BINDIR=$("$PG_CONFIG" --bindir)
	export PG_CONFIG BINDIR
}

# Sets PG_CONFIG and BINDIR, installing Debian's PostgreSQL if there is none.
find_postgres() {
	local major

	! look_for_postgres || return 0
	have apt-get ||
		die "install PostgreSQL $OLDEST_MAJOR or newer with its server headers, or set PG_CONFIG"
	update_package_lists
	major=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]\+\)$/\1/p' | head -n 1)
	[[ -n $major ]] || die "apt knows no package postgresql"
	need_packages "postgresql-$major" "postgresql-server-dev-$major"
	PG_CONFIG=/usr/lib/postgresql/$major/bin/pg_config
	is_buildable "$PG_CONFIG" ||
		die "PostgreSQL $major of this Debian will not do: $OLDEST_MAJOR or newer is needed"
	look_for_postgres
}

newest_first() {
	printf '%s\n' "$@" | sort -rV
}

# count_tests NAME COMMAND...
#
# Runs a command, shows what it says, and adds the lines of TAP, and of pg_regress before
# version 16, to passed, failed and skipped.  A command that fails without a failed test
# is one.  A file of tests that is skipped counts as one, too.
count_tests() {
	local name=$1 output status=0 ok not_ok skip

	shift
	output=$(mktemp)
	say "== $name"
	"$@" 2>&1 | tee "$output" || status=$?
	skip=$(grep -ciE '^(ok [0-9].* # skip|.*\.pl \.+ skipped: )' "$output" || true)
	ok=$(grep -E '^(ok [0-9]|test .* \.\.\. ok )' "$output" | grep -civE '^ok [0-9].* # skip' || true)
	not_ok=$(grep -cE '^(not ok|test .* \.\.\. FAILED)' "$output" || true)
	rm -f "$output"
	if ((ok + not_ok + skip == 0 || (status && not_ok == 0))); then
		say "$name failed with status $status"
		((not_ok += 1))
	fi
	((passed += ok, failed += not_ok, skipped += skip)) || true
}

# add_counts FILE STATUS
#
# Adds to passed, failed and skipped what the last line of a script's output says.  A
# script that failed without a failed test, or that broke off, is one.
add_counts() {
	local output=$1 status=$2

	if [[ $(tail -n 1 "$output") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
		((passed += BASH_REMATCH[1], failed += BASH_REMATCH[2], skipped += ${BASH_REMATCH[4]:-0})) || true
		((status == 0 || BASH_REMATCH[2] > 0)) || ((failed += 1))
	else
		say "the tests broke off with status $status"
		((failed += 1))
	fi
}

# The last line of a script that counts.
say_counts() {
	if ((skipped)); then
		say "$passed passed, $failed failed, $skipped skipped"
	else
		say "$passed passed, $failed failed"
	fi
}

# copy_checkout DIR
#
# Puts the files that belong to the project into DIR, as they are here.  What was not
# cloned, but unpacked from an archive, has no list of them: then it is all that
# .gitignore does not name.
copy_checkout() {
	local directory

	need_packages git
	directory=$(cd "$1" && pwd -P)
	if [[ -e $ROOT/.git ]]; then
		checkout_git -C "$ROOT" -c safe.directory="$ROOT" ls-files -z
	else
		checkout_git init -q --bare "$directory/.git"
		checkout_git --git-dir="$directory/.git" --work-tree="$ROOT" -C "$ROOT" ls-files -z --others --exclude-standard
		rm -rf -- "$directory/.git"
	fi | tar -C "$ROOT" --null --files-from=- -cf - | tar -C "$directory" -xf -
}

# Whatever repository the caller is in, this one is meant.
checkout_git() {
	# shellcheck disable=SC2046
	(unset $(git rev-parse --local-env-vars) && git "$@")
}

# mirror LABEL
#
# Prints where apt gets what has this label, which is Debian or Debian-Security.
mirror() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' "Label: $1" | sed -n 1p
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
	make_extension -q all >/dev/null 2>&1 || say "building angzarr for $("$PG_CONFIG" --version)"
	patiently /dev/null make_extension -j "$(nproc)" all
	is_installed || install_extension
}

is_installed() {
	local libdir sharedir sql

	libdir=$("$PG_CONFIG" --pkglibdir)
	sharedir=$("$PG_CONFIG" --sharedir)/extension
	cmp -s "$ROOT/angzarr.so" "$libdir/angzarr.so" || return 1
	cmp -s "$ROOT/angzarr_router.so" "$libdir/angzarr_router.so" || return 1
	for sql in "$ROOT"/angzarr*.control "$ROOT"/angzarr*--*.sql "$ROOT"/src/angzarr--*--*.sql "$ROOT"/docs/compat/*.sql; do
		[[ -e $sql ]] || continue
		cmp -s "$sql" "$sharedir/${sql##*/}" || return 1
	done
}

install_extension() {
	as_installer make -s -C "$ROOT" PG_CONFIG="$PG_CONFIG" ${WERROR:+WERROR=1} install >/dev/null
}

uninstall_extension() {
	as_installer make -s -C "$ROOT" PG_CONFIG="$PG_CONFIG" uninstall >/dev/null
}

# Only where the user may not write to the server's directories, root has to.
as_installer() {
	if [[ -w $("$PG_CONFIG" --pkglibdir) && -w $("$PG_CONFIG" --sharedir)/extension ]]; then
		"$@"
	else
		as_root "$@"
	fi
}
