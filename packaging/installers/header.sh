#!/bin/sh
# Offline Studio @VERSION@. This file installs it, and downloads nothing:
#     sh FILE            a window, or text where there is no display
#     sh FILE --help     the other words
# Behind these lines lie a small Python with its window, and the studio itself, both pressed.
set -eu
umask 022
file=$(readlink -f "$0")
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}
german() { case "${LANGUAGE:-${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}}" in de*) true ;; *) false ;; esac; }
fail() { if german; then echo "$2" >&2; else echo "$1" >&2; fi; exit 1; }

test "$(uname -sm)" = "Linux @MACHINE@" || fail \
    "This file is for Linux on @MACHINE@; this is $(uname -sm)." \
    "Diese Datei ist für Linux auf @MACHINE@; das hier ist $(uname -sm)."
test "$(wc -c < "$file")" -eq @SIZE@ || fail \
    "The file $file is not complete. Get it again. Nothing was changed." \
    "Die Datei $file ist unvollständig. Besorgen Sie sie noch einmal. Es wurde nichts geändert."
stage() { tail -c +@FIRST@ "$file" | head -c @STAGE@; }
test "$(stage | sha256sum | cut -c1-64)" = @DIGEST@ || fail \
    "The file $file is damaged. Get it again. Nothing was changed." \
    "Die Datei $file ist beschädigt. Besorgen Sie sie noch einmal. Es wurde nichts geändert."

mkdir -p "$cache" 2>/dev/null || cache=${TMPDIR:-/tmp}
for left in "$cache"/offline-studio-setup.*; do # of installers that were killed
    { test "${left##*.}" != $$ && kill -0 "${left##*.}" 2>/dev/null; } || rm -rf "$left"
done
work=$cache/offline-studio-setup.$$
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
mkdir -m 700 "$work" && stage | tar -xzf - -C "$work" 2>/dev/null || fail \
    "There is not enough room in $cache: @ROOM@ MB are needed for the time of the installation." \
    "In $cache ist nicht genug Platz: Für die Dauer der Installation werden @ROOM@ MB gebraucht."
code=0
env -u PYTHONHOME -u PYTHONPATH PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1 \
    "$work/python/bin/@PYTHON@" -P -m studio_installation --file "$file" --offset @OFFSET@ "$@" || code=$?
exit $code
