# PostgreSQL's pgindent, which lays out C code.  It is built from PostgreSQL's source once,
# and kept.  To be sourced after common.sh.
#
# Environment:
#   PGINDENT_DIR  where it is kept (/var/cache/angzarr-pgindent)
#
# shellcheck shell=bash

# shellcheck source=source.sh
. "$ROOT/script/lib/source.sh"

PGINDENT_DIR=${PGINDENT_DIR:-/var/cache/angzarr-pgindent}

# The PostgreSQL whose pgindent it is.  Another one may want another layout, so everybody
# is to have the same.
PGINDENT_MAJOR=18

# Has pgindent, pg_bsd_indent and PostgreSQL's list of types in PGINDENT_DIR/PGINDENT_MAJOR.
need_pgindent() {
	local kept=$PGINDENT_DIR/$PGINDENT_MAJOR build=$PGINDENT_DIR/$PGINDENT_MAJOR.build version

	need_packages perl diffutils
	[[ ! -d $kept ]] || return 0
	mkdir -p "$PGINDENT_DIR" 2>/dev/null || true
	[[ -w $PGINDENT_DIR ]] || die "cannot write to $PGINDENT_DIR: be root, or set PGINDENT_DIR"
	need_packages gcc libc6-dev make bison bzip2 flex
	rm -rf -- "$build"
	mkdir "$build"
	SOURCE_APT=$build/apt
	list_sources "$PGINDENT_MAJOR"
	for version in $(versions_of "$PGINDENT_MAJOR"); do
		if fetch_source "$PGINDENT_MAJOR" "$version" "$build/source"; then
			build_pgindent "$build/source/tree" "$version" "$build/kept"
			mv -- "$build/kept" "$kept"
			break
		fi
	done
	rm -rf -- "$build"
	[[ -d $kept ]] || die "no source of PostgreSQL $PGINDENT_MAJOR can be had"
}

# build_pgindent TREE VERSION DIR
build_pgindent() {
	local tree=$1 version=$2 dir=$3

	say "building pgindent of PostgreSQL ${version%-*}"
	quietly in_directory "$tree" ./configure --without-icu --without-readline --without-zlib
	quietly make -s -w -C "$tree/src/tools/pg_bsd_indent" -j "$(nproc)" pg_bsd_indent
	mkdir "$dir"
	cp -- "$tree/src/tools/pg_bsd_indent/pg_bsd_indent" "$tree/src/tools/pgindent/pgindent" \
		"$tree/src/tools/pgindent/typedefs.list" "$dir/"
}

# indent [OPTION...]
#
# Has pgindent lay out all C files, which it writes in place; with --check and --diff, it
# shows what it would change.  The types that it has to know are PostgreSQL's and our own.
# pgindent leaves files of its own in the directory where it runs.
indent() (
	kept=$PGINDENT_DIR/$PGINDENT_MAJOR
	directory=$(mktemp -d "${TMPDIR:-/tmp}/angzarr-indent.XXXXXX")
	trap 'rm -rf -- "$directory"' EXIT
	ln -s -- "$ROOT/src" "$ROOT/test" "$directory/"
	cd "$directory"
	mapfile -t files < <(find src/ test/ -name '*.[ch]' | LC_ALL=C sort)
	{
		cat -- "$kept/typedefs.list"
		perl "$ROOT/script/lib/typedefs.pl" "${files[@]}"
	} >typedefs
	"$kept/pgindent" --indent="$kept/pg_bsd_indent" --typedefs=typedefs "$@" "${files[@]}"
)
