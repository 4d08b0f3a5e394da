#!/usr/bin/env bash
# Entry point of the lab's web images: runs what it is told, and says what is missing when it is told nothing.
set -Eeuo pipefail

(($# > 0)) || { echo "this image has no command of its own: give it one" >&2; exit 64; }
exec "$@"
