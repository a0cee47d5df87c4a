# Private PostgreSQL servers for the demo and the tests.  To be sourced after
# common.sh; find_postgres comes before any function of this file.
#
# A server lives in a directory of its own, DIR: the cluster in DIR/data, its log
# in DIR/log, and its only socket in DIR.  Nobody else can enter DIR, so whoever
# can connect may be its superuser, "postgres".  PostgreSQL refuses to run as root:
# root's servers run as the operating system's user "postgres".
#
# shellcheck shell=bash

# What libpq would take from the environment is meant for another server.
# shellcheck disable=SC2046
unset $(compgen -e | grep -E '^PG[A-Z]+$')

server_user() {
	if ((EUID == 0)); then
		printf 'postgres\n'
	else
		id -un
	fi
}

as_server_user() {
	if ((EUID == 0)); then
		(cd / && runuser -u "$(server_user)" -- "$@")
	else
		"$@"
	fi
}

# Makes DIR, or checks that it is ours.
server_make_directory() {
	local dir=$1
	local user

	[[ $dir == /* ]] || die "not an absolute path: $dir"
	# A socket's path has up to 107 bytes; these characters would have to be
	# quoted in a list of directories.
	((${#dir} <= 90)) || die "path too long for a server's socket: $dir"
	[[ $dir != *[\'\",\\[:cntrl:]]* ]] || die "quotes, commas and the like cannot be in a server's path: $dir"
	user=$(server_user)
	# Debian's package of that name makes the user, where the server is not Debian's
	id "$user" >/dev/null 2>&1 || need_packages postgresql-common
	id "$user" >/dev/null 2>&1 || die "there is no user $user to run the server as"

	as_server_user test -x "${dir%/*}/" || die "user $user cannot reach ${dir%/*}: set TMPDIR to a place that it can"
	if ! mkdir -m 700 -- "$dir" 2>/dev/null; then
		[[ -d $dir && ! -L $dir ]] || die "cannot make directory $dir"
	fi
	server_is_ours "$dir" || die "$dir belongs to another user: remove it, or set TMPDIR"
	chmod 700 -- "$dir"
	chown -- "$user" "$dir"
}

server_is_ours() {
	local owner

	owner=$(stat -c %U -- "$1")
	[[ $owner == "$(server_user)" || $owner == "$(id -un)" ]]
}

# Somebody else's directory never has our server, whatever its files say.
server_is_running() {
	local process stat

	[[ -d $1 && ! -L $1 ]] && server_is_ours "$1" &&
		as_server_user "$BINDIR/pg_ctl" -D "$1/data" status >/dev/null 2>&1 || return 1

	# to pg_ctl, a process that was killed runs until its parent has noticed that
	process=$(as_server_user head -n 1 -- "$1/data/postmaster.pid")
	stat=$(cat -- "/proc/$process/stat" 2>/dev/null) && [[ ${stat##*) } != Z* ]]
}

# server_start DIR [LINE...]
#
# Starts a server in DIR, making what is missing.  Each LINE goes to its
# configuration, such as "fsync = off" for a server that lives as long as a test.
server_start() {
	local dir=$1
	local major tries

	shift
	server_make_directory "$dir"
	[[ -d $dir/data ]] || server_initdb "$dir"
	major=$(postgres_major "$PG_CONFIG")
	[[ $(<"$dir/data/PG_VERSION") == "$major" ]] ||
		die "$dir holds a server of PostgreSQL $(<"$dir/data/PG_VERSION"), not $major: remove it"

	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$dir'" "$@" |
		as_server_user tee "$dir/data/private.conf" >/dev/null
	# for a moment, a server that was killed keeps the next one out, and so do its sessions
	for ((tries = 0; tries < 50; tries++)); do
		if as_server_user "$BINDIR/pg_ctl" -s -w -D "$dir/data" -l "$dir/log" start >/dev/null 2>&1; then
			return
		fi
		tail -n 5 -- "$dir/log" | grep -qE 'pre-existing shared memory block|lock file .* already exists' || break
		sleep 0.2
	done
	tail -n 20 -- "$dir/log" >&2
	die "the server in $dir did not start"
}

# The cluster is made aside, so that DIR/data is always a whole one.
server_initdb() {
	local dir=$1

	as_server_user rm -rf -- "$dir/data.new"
	quietly as_server_user "$BINDIR/initdb" -D "$dir/data.new" -U postgres -A trust \
		-E UTF8 --locale=C.UTF-8 --no-sync
	printf "include 'private.conf'\n" |
		as_server_user tee -a "$dir/data.new/postgresql.conf" >/dev/null
	as_server_user mv -- "$dir/data.new" "$dir/data"
}

server_stop() {
	if server_is_running "$1"; then
		as_server_user "$BINDIR/pg_ctl" -s -w -m fast -D "$1/data" stop >/dev/null
	fi
}

# Stops the server in DIR and removes DIR.
server_remove() {
	server_is_ours "$1" || die "$1 belongs to another user"
	server_stop "$1"
	rm -rf -- "$1"
}

# Makes the server in DIR the one that programs connect to.
server_use() {
	export PGHOST=$1 PGUSER=postgres PGCLIENTENCODING=UTF8
}

# server_psql DIR DATABASE [ARGUMENT...]
server_psql() {
	local dir=$1 database=$2

	shift 2
	(server_use "$dir" && "$BINDIR/psql" -X -q -v ON_ERROR_STOP=1 -P pager=off -d "$database" "$@")
}
