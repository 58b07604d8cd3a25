#!/usr/bin/env bash
# Make the virtual environment VENV with everything, and on Debian the system libraries that Qt and software OpenGL need.
set -euo pipefail
venv=${1:?usage: scripts/setup.sh VENV}
packages=(xvfb libegl1 libgl1 libgl1-mesa-dri libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0
  libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libdbus-1-3)

missing_packages() {
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

install_system_libraries() {
  command -v dpkg-query >/dev/null || return 0 # no Debian: Qt's own wheels suffice on Windows and macOS
  local missing
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" -eq 0 ] && return 0
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      sudo=(sudo)
    else
      echo "These system libraries are missing and need an administrator. Please run, then try again:" >&2
      echo "  sudo apt-get install ${missing[*]}" >&2
      exit 1
    fi
  fi
  echo "Installing system libraries: ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

find_python() {
  for name in "${PYTHON:-python3.11}" python3 python; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
  echo "Python 3.11 or newer was not found; install it or name it: PYTHON=/path/to/python make setup" >&2
  exit 1
}

install_system_libraries
python=$(find_python)
echo "Installing Python packages (a few minutes the first time; torch is large)"
if command -v uv >/dev/null; then
  [ -x "$venv/bin/python" ] || uv venv --quiet --python "$python" "$venv"
  uv pip install --quiet --python "$venv/bin/python" --constraint constraints.txt --editable ".[dev]"
else
  if [ ! -x "$venv/bin/python" ] && ! "$python" -m venv "$venv"; then
    echo "Debian keeps venv apart; please run, then try again: apt-get install python3-venv" >&2
    exit 1
  fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
fi
