#!/usr/bin/env bash
# The same transaction in PostgreSQL 15 as an UpdateRecords of one record: raise the dataset's count, upsert the record;
# durable, prepared statements, a Unix socket, 32 connections and 1. Not part of the tests.
# Usage: tests/bench/postgres.sh [SECONDS]   Needs Debian's postgresql-15. $TMPDIR says which disk is measured.
set -euo pipefail
seconds=${1:-5}
bin=/usr/lib/postgresql/15/bin
work=$(mktemp -d "${TMPDIR:-/tmp}/syncline-postgres.XXXXXX")
as=()
if [[ $(id -u) == 0 ]]; then  # the server refuses to be root
  chown postgres "$work"
  as=(setpriv --reuid postgres --regid postgres --clear-groups)
fi
cd "$work"
trap '"${as[@]}" "$bin/pg_ctl" -D "$work/data" -m immediate stop > "$work/stop.log" 2>&1 || true; rm -rf "$work"' EXIT
"${as[@]}" "$bin/initdb" -D "$work/data" --auth=trust --no-locale -E UTF8 > "$work/init.log"
"${as[@]}" "$bin/pg_ctl" -D "$work/data" -w -l "$work/server.log" \
  -o "-k $work -c listen_addresses='' -c max_connections=100" start > "$work/start.log"
run() { "${as[@]}" "$bin/$1" -h "$work" "${@:2}"; }
run psql -q -d postgres << 'SQL'
CREATE TABLE dataset (id integer PRIMARY KEY, count bigint NOT NULL, modified_at bigint NOT NULL);
CREATE TABLE record (id bigserial PRIMARY KEY, dataset integer NOT NULL, key text NOT NULL, value text, count bigint,
                     UNIQUE (dataset, key));
INSERT INTO dataset SELECT n, 0, 0 FROM generate_series(0, 31) n;
SQL
cat > "$work/update.sql" << 'SQL'
BEGIN;
UPDATE dataset SET count = count + 1, modified_at = modified_at + 1 WHERE id = :client_id;
INSERT INTO record (dataset, key, value, count) VALUES (:client_id, 'level', repeat('x', 100), 1)
  ON CONFLICT (dataset, key) DO UPDATE SET value = excluded.value, count = record.count + 1;
COMMIT;
SQL
for connections in 1 32; do
  tps=$(run pgbench -n -M prepared -c "$connections" -j 2 -T "$seconds" -f "$work/update.sql" postgres |
    sed -n 's/^tps = \([0-9]*\).*/\1/p')
  echo "postgresql 15: $connections connections ${tps}/s"
done
