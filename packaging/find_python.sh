# Sets $python to a Python of 3.11 or newer, or says what to install. Sourced by run and test.
# The environment's own Python comes first: it is the one the packages were installed for.

fit='import sys; sys.exit(sys.version_info < (3, 11))'
python=
for candidate in "${CAIRN_PYTHON:-$here/../.venv/bin/python}" \
    python3 python3.14 python3.13 python3.12 python3.11 python; do
    if "$candidate" -I -c "$fit" >/dev/null 2>&1; then
        python=$candidate
        break
    fi
    if [ -n "${CAIRN_PYTHON:-}" ]; then
        echo "CAIRN_PYTHON names $CAIRN_PYTHON, which is not a working Python 3.11 or newer." >&2
        exit 3
    fi
done
if [ -z "$python" ]; then
    case $(uname -s) in
        Darwin) line='brew install python@3.13' ;;
        *) if command -v dnf >/dev/null 2>&1; then line='sudo dnf install python3.13'
           elif command -v pacman >/dev/null 2>&1; then line='sudo pacman -S python'
           else line='sudo apt install python3 python3-venv'; fi ;;
    esac
    echo "Cairn needs Python 3.11 or newer, and none was found. Install it with: $line" >&2
    exit 3
fi
