#!/bin/sh
# install-requirements FILE
# Installs a complete lock of Python packages into /opt/venv, compiled, and removes what a service never reads.
# /run/host, mounted only while building, carries the host's package index, proxy and certificates.
set -eu

if [ -s /run/host/pip.conf ]; then
    export PIP_CONFIG_FILE=/run/host/pip.conf
fi
export PIP_CACHE_DIR=/var/cache/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

python3 -m venv /opt/venv
# The file is a lock: resolving it again could only add something that was never tested. `pip check` proves it whole.
# Only wheels: what builds a source package would come without a hash.
/opt/venv/bin/pip install --no-deps --require-hashes --only-binary :all: --no-compile --progress-bar off --requirement "$1"
/opt/venv/bin/pip check
/opt/venv/bin/pip uninstall --quiet --yes pip setuptools

packages=/opt/venv/lib/python3.11/site-packages
for tested in h5py matplotlib numpy onnx pandas pyarrow scipy sklearn; do
    if [ -d "$packages/$tested" ]; then
        find "$packages/$tested" -type d -name tests -prune -exec rm -rf {} +
    fi
done
# Headers and static archives serve compilers only.
rm -rf "$packages/pyarrow/include" "$packages/jaxlib/include" "$packages/numpy/_core/include"
find "$packages" -name '*.a' -delete

# Bytecode that is never checked against its source: the file system is read-only and time stamps say nothing.
find /opt/venv -name __pycache__ -type d -prune -exec rm -rf {} +
/opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash "$packages" || {
    # Some packages ship templates that are no valid Python; only a package that cannot be imported matters.
    echo "some files were not compiled; they stay as source"
}
