#!/usr/bin/env bash
# npm run rehearse: the whole 3-2-1 program in a lab on this machine, then a disaster and a restore.
#
# usage: npm run rehearse -- [--copy spaces|r2|box] [--attack] [--verbose]
#   --copy      the copy to restore from (default r2, the one no host can delete from)
#   --attack    at the end root on the server tries to destroy every copy; some minutes more
#   --verbose   show what the engine and the clouds say (otherwise in the lab's log)
# Needs root, Node.js 20.19+ and Debian 12+ or Ubuntu 22.04+. Installs what is missing and says what.
# GRANARY_LAB_PLUGINS=official|stand-in|auto chooses the Pulumi plugins (default auto: official if they can be had).
# exit codes: 0 every check passed; 1 a check failed; 75 another lab is running; 77 not root
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."

echo "set-up             packages, programs, images (the first time takes minutes, then they are cached)"
bash "$here/prepare.sh"
plugins=$(node --import tsx "$here/plugins/mode.ts")
echo "plugins            $plugins"
exec bash "$here/enter.sh" node --import tsx "$here/rehearse.ts" --plugins "$plugins" "$@"
