# To be sourced, from any folder: sets `environment` to a virtual environment of the pinned packages of the tests. It is kept
# in the cache and made again when the pins change.
pins="$(dirname "${BASH_SOURCE[0]}")/requirements/test.txt"
key=$(sha256sum "$pins" | cut -c1-16)
# Without a key the folder below would be that of all environments.
environment="${FLTS_CACHE:-$HOME/.cache/flts}/python-tests/${key:?no pins at $pins}"

# One run makes the environment; others that need it wait.
mkdir -p "$(dirname "$environment")"
exec 9>"$environment.lock"
flock 9
if [ ! -e "$environment/complete" ]; then
    echo "installing $(grep -c == "$pins") pinned packages for the Python tests; takes a minute or two" >&2
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --no-deps --require-hashes --only-binary :all: --requirement "$pins"
    touch "$environment/complete"
fi
exec 9>&-
