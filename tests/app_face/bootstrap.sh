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
# "installed" lists what dpkg knows; apt-get fails while "stale" exists, until the lists are fetched.
double dpkg-query <<END
for package; do :; done
grep -qx "\$package" "$home/installed" && printf installed
END
double apt-get <<END
echo "apt-get \$*" >>"$home/calls"
case "\$*" in *update*) rm -f "$home/stale" ;; *) test ! -e "$home/stale" ;; esac
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

./bootstrap frobnicate 2>"$home/err"
is "an unknown word is a usage error" 2 $?
has "help says what there is" "./bootstrap lab" "$(./bootstrap help)"
finish
