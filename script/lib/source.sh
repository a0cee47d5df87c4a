# PostgreSQL's source, from Debian's source packages.  To be sourced after common.sh; the
# caller sets SOURCE_APT, a directory for what apt keeps.
#
# shellcheck shell=bash

# Releases that extensions are not to be built for: src/plumbing/compat.h says why.
BROKEN='15.9|16.5|17.1'

# Prints the Debian release that has a major version.
release_of() {
	case $1 in
		15) say bookworm ;;
		17) say trixie ;;
		18) say forky ;;
		*) die "no Debian release that this script knows has PostgreSQL $1: 15, 17 and 18 are had" ;;
	esac
}

# apt's tools, with lists of sources of their own.  What apt is set up with in /etc,
# such as a proxy, holds; a release that is not out yet may come from a mirror whose copy
# is some days old.
private_apt() {
	local tool=$1

	shift
	"$tool" -q -o Dir::Etc::sourcelist="$SOURCE_APT/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$SOURCE_APT/lists" -o Dir::Cache="$SOURCE_APT/cache" \
		-o Acquire::Check-Valid-Until=false "$@"
}

# Has apt know the sources of the releases that have these major versions.
list_sources() {
	local major release debian security updated

	have apt-get || die "PostgreSQL's source is Debian's, which needs apt-get"
	debian=$(mirror Debian)
	security=$(mirror Debian-Security)
	[[ -n $debian ]] || die "the source is Debian's, and apt gets nothing from Debian here"
	mkdir -p "$SOURCE_APT/lists/partial" "$SOURCE_APT/cache/archives/partial"
	for major; do
		release=$(release_of "$major")
		say "deb-src $debian $release main"
		[[ -z $security ]] || say "deb-src $security $release-security main"
	done >"$SOURCE_APT/sources.list"
	updated=$(mktemp)
	patiently "$updated" with_errors private_apt apt-get update ||
		say "goes by what apt knew before: $(grep -m 1 '^E: ' "$updated")"
	rm -f -- "$updated"
}

# Prints the versions of a source package that may be built, from the newest to the oldest.
versions_of() {
	private_apt apt-cache showsrc --only-source "postgresql-$1" 2>/dev/null |
		sed -n 's/^Version: //p' | grep -vE "^($BROKEN)-" | sort -ruV || true
}

# fetch_source MAJOR VERSION DIR
#
# Makes DIR anew, with the source of a version in DIR/tree.  Fails, and says why, where it
# cannot be had: a version that is listed need not be on the mirror any more, or not yet.
fetch_source() {
	local major=$1 version=$2 dir=$3 output

	rm -rf -- "$dir"
	mkdir "$dir"
	if ! output=$(in_directory "$dir" private_apt apt-get source --tar-only "postgresql-$major=$version" 2>&1); then
		say "the source of PostgreSQL $version cannot be had: $(grep -m 1 '^E: ' <<<"$output")"
		return 1
	fi
	mkdir "$dir/tree"
	tar -C "$dir/tree" --strip-components 1 -xf "$dir"/*.orig.tar.*
}

in_directory() {
	(cd "$1" && "${@:2}")
}
