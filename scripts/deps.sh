#!/bin/sh
# Installs what the tests need on Debian, and says plainly what it could not install.
# Nothing is fetched when everything is there.
set -u
need=""
if ! command -v initdb >/dev/null 2>&1 && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then need="$need postgresql"; fi
command -v chromium >/dev/null 2>&1 || need="$need chromium"
fc-list 2>/dev/null | grep -qi "wqy\|noto.*cjk\|droid.*fallback" || need="$need fontconfig fonts-wqy-microhei"
# The browser without windows makes the tests quicker, and they do without it: nobody is asked for a password for it alone.
shell=""
if ! command -v chromium-headless-shell >/dev/null 2>&1 && { [ -n "$need" ] || [ "$(id -u)" = 0 ]; }; then shell=chromium-headless-shell; fi
if [ -n "$need$shell" ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing from Debian: $need $shell"
	if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo"; fi
	export DEBIAN_FRONTEND=noninteractive
	$sudo timeout 120 apt-get update -qq -o Acquire::http::Timeout=20 >/dev/null
	for some in "$need" "$shell"; do # the shell by itself: not every Debian has it
		[ -z "$some" ] || $sudo apt-get install -y -qq --no-install-recommends $some >/dev/null || echo "could not install $some" >&2
	done
fi
missing=""
if ! command -v initdb >/dev/null 2>&1 && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then missing="$missing PostgreSQL"; fi
command -v chromium >/dev/null 2>&1 || missing="$missing Chromium"
command -v go >/dev/null 2>&1 || missing="$missing Go(1.26)"
command -v npm >/dev/null 2>&1 || missing="$missing Node(20)"
if [ -n "$missing" ]; then
	echo "could not install:$missing" >&2
	echo "install it by hand and run this again; on Debian: apt-get install postgresql chromium fonts-wqy-microhei" >&2
	exit 1
fi
