# Debian releases in directories of their own, made by debootstrap.  To be sourced after
# common.sh, by root.
#
# Of each release, RELEASES_DIR keeps RELEASE.tar, as debootstrap made it, and the
# directory RELEASE, where what is installed once stays.
#
# Environment:
#   MATRIX_DIR  where the releases are kept (/var/cache/angzarr-matrix)
#
# shellcheck shell=bash

RELEASES_DIR=${MATRIX_DIR:-/var/cache/angzarr-matrix}

# The release with the oldest PostgreSQL.
OLDEST_RELEASE=bookworm

# Makes RELEASE.tar if need be.
need_bare_release() {
	local release=$1 kept=$RELEASES_DIR/$1.tar dir script=/usr/share/debootstrap/scripts/$1

	[[ ! -f $kept ]] || return 0
	need_packages debootstrap
	say "making $kept"
	mkdir -p "$RELEASES_DIR"
	dir=$RELEASES_DIR/$release.bare
	rm -rf --one-file-system "$dir"
	# an older debootstrap knows no newer release, but all are made alike
	[[ -e $script ]] || script=/usr/share/debootstrap/scripts/sid
	quietly debootstrap --variant=minbase "$release" "$dir" "$(mirror Debian)" "$script"
	rm -f "$dir"/var/cache/apt/archives/*.deb
	tar -C "$dir" --numeric-owner -cf "$kept.new" .
	rm -rf --one-file-system "$dir"
	mv "$kept.new" "$kept"
}

# unpack_release RELEASE DIR
#
# Makes DIR, in which there is what debootstrap installs, and apt as it is set up here.
unpack_release() {
	local release=$1 dir=$2

	need_bare_release "$release"
	mkdir "$dir"
	tar -C "$dir" --numeric-owner -xpf "$RELEASES_DIR/$release.tar"
	# in one file, since a package there may bring a file of the same name
	find /etc/apt/apt.conf.d -type f -regex '.*/\([A-Za-z0-9_-]+\|.*\.conf\)' -print0 | sort -z |
		xargs -0 awk 1 >"$dir/etc/apt/apt.conf.d/98outside"
	# of a release that is not out yet, a mirror's copy may be some days old
	printf 'Acquire::Check-Valid-Until "false";\n' >"$dir/etc/apt/apt.conf.d/99matrix"
	# nothing is to be started in there but by the tests
	printf '#!/bin/sh\nexit 101\n' >"$dir/usr/sbin/policy-rc.d"
	chmod +x "$dir/usr/sbin/policy-rc.d"
	# what a crash of the machine would spoil is made anew
	printf 'force-unsafe-io\n' >"$dir/etc/dpkg/dpkg.cfg.d/unsafe-io"
}

# Makes the directory of a release that is kept, if need be.
make_release() {
	local release=$1 dir=$RELEASES_DIR/$1

	[[ ! -f $dir/etc/debian_version ]] || return 0
	say "making $dir"
	rm -rf --one-file-system "$dir" "$dir.new"
	unpack_release "$release" "$dir.new"
	mv "$dir.new" "$dir"
}

# in_root DIR [NAME=VALUE...] COMMAND...
#
# Runs a command where DIR is the root directory, with the variables given and no others
# of the caller's.
in_root() {
	local dir=$1

	shift
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
		DEBIAN_FRONTEND=noninteractive chroot "$dir" env "$@"
}

# Mounts in DIR what programs expect to find.
mount_root() {
	local dir=$1

	mkdir -p "$dir/proc" "$dir/dev/shm"
	mountpoint -q "$dir/proc" || mount -t proc proc "$dir/proc"
	mountpoint -q "$dir/dev/shm" || mount -t tmpfs tmpfs "$dir/dev/shm"
}

unmount_root() {
	local dir=$1 mounted

	for mounted in dev/shm proc; do
		! mountpoint -q "$dir/$mounted" || umount "$dir/$mounted"
	done
}

# in_own_namespace COMMAND...
#
# Runs a command with processes and mounts of its own.  When it ends, and also when this
# shell ends before it, by any signal, all that it started is killed and all that it
# mounted is gone.
in_own_namespace() {
	local status=0

	setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child "$@" &
	NAMESPACE=$!
	wait "$NAMESPACE" || status=$?
	NAMESPACE=
	return "$status"
}

leave_own_namespace() {
	[[ -n ${NAMESPACE-} ]] || return 0
	kill -KILL "$NAMESPACE" 2>/dev/null || true
	wait "$NAMESPACE" 2>/dev/null || true
}
