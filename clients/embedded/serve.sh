# Makes a server of PostgreSQL in DIR, which has its programs already, and says "ready" when it
# can be used. When the standard input ends, it stops the server and removes DIR: so the server
# ends with the process that holds the other end, however that one dies.
#
# Usage: sh serve.sh DIR

dir=$1

# the reader may be gone by then
trap '' PIPE

begin() {
	"$dir/bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1 &&
		cat "$dir/settings" >>"$dir/data/postgresql.conf" &&
		"$dir/bin/pg_ctl" -s -w -D "$dir/data" -l "$dir/log" start >/dev/null 2>&1
}

if begin; then
	echo ready
	cat >/dev/null
else
	tail -n 20 "$dir/log"
fi
[ ! -f "$dir/data/postmaster.pid" ] || "$dir/bin/pg_ctl" -s -w -m fast -D "$dir/data" stop >/dev/null 2>&1
cd /
rm -rf "$dir"
