#!/bin/sh
# install-packages [--upgrade] PACKAGE...
# Installs Debian packages without those they only recommend, and leaves nothing behind that is not theirs.
# /run/host, mounted only while building, carries the host's sources and proxy, so that no layer holds them.
set -eu

export DEBIAN_FRONTEND=noninteractive
if [ -s /run/host/apt.conf ]; then
    export APT_CONFIG=/run/host/apt.conf
fi

# Maintainer scripts must start no server: nothing would stop it, and the build runs on somebody's machine.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d

# Packages with alternatives (Java, PostgreSQL) link their manuals too, and fail where there is no folder for the links.
mkdir -p /usr/share/man/man1 /usr/share/man/man7

apt-get update --quiet
if [ "$1" = --upgrade ]; then
    shift
    apt-get upgrade --quiet --yes
fi
apt-get install --quiet --yes --no-install-recommends "$@"

rm -f /usr/sbin/policy-rc.d /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow-
rm -f /var/cache/debconf/*-old /var/lib/dpkg/*-old
find /var/log /tmp -mindepth 1 -type f -delete
find /usr/share/man -type l -delete
