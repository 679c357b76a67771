#!/usr/bin/env bash
# bootstrap installs what is missing and only that, as root or through sudo. The package tools are doubles here that
# write down how they were called.   usage: bootstrap.sh, from the source root
# shellcheck source=tests/app_face/check.bash
source "$(dirname "$0")/check.bash"
mkdir "$home/bin"
double() { # NAME, its script on stdin
    { echo '#!/bin/sh' && cat; } >"$home/bin/$1"
    chmod +x "$home/bin/$1"
}
# "installed" lists what dpkg knows; apt-get fails while "stale" exists, until the lists are fetched, and for what
# "broken" lists.
double dpkg-query <<END
for package; do :; done
grep -qx "\$package" "$home/installed" && printf installed
END
double apt-get <<END
echo "apt-get \$*" >>"$home/calls"
case "\$*" in *update*) rm -f "$home/stale" && exit ;; esac
test ! -e "$home/stale" || exit 100
for package; do :; done
! grep -qx "\$package" "$home/broken"
END
# "offered" lists what apt-cache has a candidate for; of others it says what it says where a package is only a name.
double apt-cache <<END
test "\$1" = policy || exit 1
grep -qx "\$2" "$home/offered" && candidate=1.2-3 || candidate='(none)'
printf '%s:\n  Installed: (none)\n  Candidate: %s\n  Version table:\n' "\$2" "\$candidate"
END
double sudo <<END
echo sudo >>"$home/calls"
exec "\$@"
END

run() {
    : >"$home/calls"
    PATH=$home/bin:$PATH ./bootstrap packages >"$home/out" 2>"$home/err" </dev/null
    is "bootstrap packages" 0 $?
    is "nothing on stdout" "" "$(<"$home/out")"
    calls=$(<"$home/calls")
}

: >"$home/installed"
: >"$home/offered"
: >"$home/broken"
run
has "what is missing is installed" "install --no-install-recommends" "$calls"
for package in cmake ninja-build libreadline-dev libcmocka-dev tmux; do
    has "the list" " $package" "$calls"
    has "and what is done is said" "$package" "$(<"$home/err")"
done
lacks "the lists are fetched only when needed" "update" "$calls"
if ((EUID == 0)); then
    lacks "root needs no sudo" "sudo" "$calls"
else
    has "anyone else does" "sudo" "$calls"
fi

sed -n 's/^apt-get .*recommends //p' "$home/calls" | tr ' ' '\n' | grep -v '^tmux$' >"$home/installed"
touch "$home/stale"
run
has "stale lists are fetched" "update" "$calls"
is "and only what is missing is installed" "tmux" "$(sed -n 's/^apt-get .*recommends //p' "$home/calls" | sort -u)"

echo tmux >>"$home/installed"
run
is "nothing missing, nothing done" "" "$calls"

# Chromium is not everywhere a package: it is installed where apt has it, and its lack stops nothing.
lacks "what apt does not offer is not asked for" "chromium" "$calls"
echo chromium >"$home/offered"
run
is "what it offers is installed, alone" "chromium" "$(sed -n 's/^apt-get .*recommends //p' "$home/calls")"
has "and said" "chromium" "$(<"$home/err")"
echo chromium >"$home/broken"
run
has "a failure is said" "going on without chromium" "$(<"$home/err")"
: >"$home/broken"
echo chromium >>"$home/installed"
run
is "once there it is left alone" "" "$calls"

./bootstrap frobnicate 2>"$home/err"
is "an unknown word is a usage error" 2 $?
has "help says what there is" "./bootstrap lab" "$(./bootstrap help)"
finish
