# To be sourced in this folder: sets `environment` to a virtual environment of the pinned packages of the tests. It is kept
# in the cache and made anew when the pins change.
key=$(sha256sum requirements/test.txt | cut -c1-16)
environment="${FLTS_CACHE:-$HOME/.cache/flts}/python-tests/$key"

# One run makes the environment; others that need it wait.
mkdir -p "$(dirname "$environment")"
exec 9>"$environment.lock"
flock 9
if [ ! -e "$environment/complete" ]; then
    echo "installing $(grep -c == requirements/test.txt) pinned packages for the Python tests; takes a minute or two" >&2
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --no-deps --requirement requirements/test.txt
    touch "$environment/complete"
fi
exec 9>&-
