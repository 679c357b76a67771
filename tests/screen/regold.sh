#!/usr/bin/env bash
# Writes the golden files of the screen anew.   usage: regold.sh BUILD_DIR, from the source root
export REGOLD=1
exec bash tests/screen/golden.sh "$1/kvant" "$1/tests/screen/screen_fill"
