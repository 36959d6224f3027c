#!/bin/sh
# The whole suite: on the embedded database, then on PostgreSQL where TEST_DATABASE_URL names a server or one answers.
set -u
run() {
    # Whoever has nothing left takes over from the other: the walks at the end are long.
    "$PYTHON" -m pytest -n "$JOBS" --dist worksteal "$@"
}

echo "== embedded database"
TEST_DATABASE_URL="" run || exit 1

url=$("$PYTHON" -m tests.find_postgresql)
if [ -z "$url" ]; then
    echo "== PostgreSQL: none answers on the local socket or port 5432, and TEST_DATABASE_URL is not set; not run on it"
    exit 0
fi
echo "== PostgreSQL"
TEST_DATABASE_URL="$url" run || exit 1
