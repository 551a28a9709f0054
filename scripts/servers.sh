#!/usr/bin/env bash
# Finds PostgreSQL, MariaDB, Redis, NATS and RabbitMQ on their usual loopback ports, or installs them (Debian, as root)
# and starts private ones under target/servers, on ports of their own. Prints the URLs, one a line: export $(scripts/servers.sh).
#   SERVERS_PRIVATE=1   does not look for servers that run already
#   servers.sh stop     stops the private ones
#   servers.sh install  installs those that are missing and for which no URL is set, and starts none
set -euo pipefail
cd "$(dirname "$0")/.."

home=${SERVERS_HOME:-$PWD/target/servers}
postgres_port=${SERVERS_POSTGRES_PORT:-55432}
mariadb_port=${SERVERS_MARIADB_PORT:-53306}
redis_port=${SERVERS_REDIS_PORT:-56379}
nats_port=${SERVERS_NATS_PORT:-54222}
rabbitmq_port=${SERVERS_RABBITMQ_PORT:-55673}
[ "$(id -u)" = 0 ] && is_root=1 || is_root=

say() { echo "servers: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

# No server runs as root.
account() { id "$1" >/dev/null 2>&1 && echo "$1" || echo nobody; }

as() {
    local user=$1
    shift
    if [ -n "$is_root" ]; then runuser -u "$user" -- "$@"; else "$@"; fi
}

# Whether something listens.
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Whether it is a Redis that flushes what it acknowledges.
flushes() {
    [ "$(redis-cli -p "$1" config get appendonly 2>/dev/null | tail -1)" = yes ] &&
        [ "$(redis-cli -p "$1" config get appendfsync 2>/dev/null | tail -1)" = always ]
}

# Whether it is a NATS with JetStream: it greets with what it has.
streams() { (exec 3<>"/dev/tcp/127.0.0.1/$1" && head -1 <&3 | grep -q '"jetstream":true') 2>/dev/null; }

# Whether it is a RabbitMQ: it answers its protocol's greeting with a frame of a method.
greets() {
    [ "$( (exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'AMQP\0\0\011\001' >&3 &&
        timeout 5 head -c 1 <&3 | od -An -tu1) 2>/dev/null | tr -d ' ')" = 1 ]
}

# The newest server of Debian's, or that of the path.
postgres_bin() {
    local newest program
    newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
    if [ -n "$newest" ]; then
        echo "$newest"
    elif program=$(command -v postgres); then
        dirname "$program"
    fi
}

mariadb_bin() { command -v mariadbd || command -v mysqld || ls /usr/sbin/mariadbd 2>/dev/null; }

# Debian's command would want its own user and directories.
rabbitmq_script() { ls /usr/lib/rabbitmq/bin/rabbitmq-server 2>/dev/null || command -v rabbitmq-server; }

# Whatever the server $1 consists of is here, or installed.
need_postgres() { [ -n "$(postgres_bin)" ] || install postgresql POSTGRES_URL; }
need_mariadb() { [ -n "$(mariadb_bin)" ] || install mariadb-server MARIADB_URL; }
need_redis() { command -v redis-server >/dev/null || install redis-server REDIS_URL; }
need_nats() { command -v nats-server >/dev/null || install nats-server NATS_URL; }
need_rabbitmq() { [ -n "$(rabbitmq_script)" ] || install rabbitmq-server AMQP_URL; }

install() {
    [ -n "$is_root" ] && command -v apt-get >/dev/null ||
        fail "$1 is not here, and only root on Debian can install it: install $1, or set $2"
    say "installing $1"
    # The package must not start a server of its own.
    local policy=/usr/sbin/policy-rc.d own=
    if [ ! -e $policy ]; then
        own=1
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
    fi
    local status=0
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$1"; } >&2 ||
        status=$?
    [ -z "$own" ] || rm -f $policy
    [ $status = 0 ] || fail "$1 could not be installed: install it, or set $2"
}

# The directory $1, owned by $2, which must be able to reach it.
room() {
    mkdir -p "$1"
    if [ -n "$is_root" ]; then
        chown "$2" "$1"
        as "$2" test -x "$1" || fail "the user $2 cannot enter $1: set SERVERS_HOME to a place it can"
    fi
}

# For two minutes: the machine may be busy.
wait_for() {
    for _ in $(seq 600); do
        if listens "$1"; then return; fi
        sleep 0.2
    done
    fail "$2 did not start: see $3"
}

is_running() { [ -s "$1" ] && kill -0 "$(head -1 "$1")" 2>/dev/null; }

start_postgres() {
    local data=$home/postgres user bin
    user=$(account postgres)
    if is_running "$data/postmaster.pid"; then return; fi
    need_postgres
    bin=$(postgres_bin)
    room "$home" "$(id -un)"
    room "$data" "$user"
    if [ ! -s "$data/PG_VERSION" ]; then
        as "$user" "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >"$home/postgres.setup" 2>&1 ||
            fail "initdb failed: see $home/postgres.setup"
    fi
    as "$user" "$bin/pg_ctl" -D "$data" -l "$data/log" -W start \
        -o "-p $postgres_port -h 127.0.0.1 -k '' -c shared_buffers=64MB" >/dev/null
    wait_for "$postgres_port" PostgreSQL "$data/log"
    as "$user" "$bin/psql" -q -h 127.0.0.1 -p "$postgres_port" -U postgres -v ON_ERROR_STOP=1 >/dev/null <<'SQL'
SELECT 'CREATE DATABASE test' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'test') \gexec
SQL
}

start_mariadb() {
    local data=$home/mariadb user bin
    user=$(account mysql)
    if is_running "$data/pid"; then return; fi
    need_mariadb
    bin=$(mariadb_bin)
    room "$home" "$(id -un)"
    room "$data" "$user"
    # No file of /etc counts: it names the directories of another server.
    if [ ! -d "$data/mysql" ]; then
        as "$user" mariadb-install-db --no-defaults --datadir="$data" --auth-root-authentication-method=normal \
            --skip-test-db >"$home/mariadb.setup" 2>&1 || fail "mariadb-install-db failed: see $home/mariadb.setup"
    fi
    as "$user" setsid "$bin" --no-defaults --datadir="$data" --port="$mariadb_port" --bind-address=127.0.0.1 \
        --socket="$data/socket" --pid-file="$data/pid" --log-error="$data/log" --innodb-buffer-pool-size=64M \
        --skip-log-bin </dev/null >/dev/null 2>&1 &
    wait_for "$mariadb_port" MariaDB "$data/log"
    mariadb --no-defaults -h 127.0.0.1 -P "$mariadb_port" -u root -e 'CREATE DATABASE IF NOT EXISTS test'
}

start_redis() {
    local data=$home/redis user
    user=$(account redis)
    if is_running "$data/pid"; then return; fi
    need_redis
    room "$home" "$(id -un)"
    room "$data" "$user"
    as "$user" setsid redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$data" --pidfile "$data/pid" \
        --logfile "$data/log" --appendonly yes --appendfsync always --save '' </dev/null >/dev/null 2>&1 &
    wait_for "$redis_port" Redis "$data/log"
}

start_nats() {
    local data=$home/nats user
    user=$(account nats)
    if is_running "$data/pid"; then return; fi
    need_nats
    room "$home" "$(id -un)"
    room "$data" "$user"
    as "$user" setsid nats-server --addr 127.0.0.1 --port "$nats_port" --jetstream --store_dir "$data" \
        --pid "$data/pid" --log "$data/log" </dev/null >/dev/null 2>&1 &
    wait_for "$nats_port" NATS "$data/log"
}

# Run as by systemd, the script becomes the server.
start_rabbitmq() {
    local data=$home/rabbitmq user script
    user=$(account rabbitmq)
    if is_running "$data/pid"; then return; fi
    need_rabbitmq
    script=$(rabbitmq_script)
    room "$home" "$(id -un)"
    room "$data" "$user"
    as "$user" setsid env -u NOTIFY_SOCKET HOME="$data" RUNNING_UNDER_SYSTEMD=1 \
        RABBITMQ_NODENAME="fig$rabbitmq_port@localhost" RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
        RABBITMQ_NODE_PORT="$rabbitmq_port" RABBITMQ_DIST_PORT=$((rabbitmq_port + 1)) \
        ERL_EPMD_PORT=$((rabbitmq_port + 2)) ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_MNESIA_BASE="$data/data" \
        RABBITMQ_LOG_BASE="$data/logs" RABBITMQ_PID_FILE="$data/pid" RABBITMQ_ENABLED_PLUGINS_FILE="$data/plugins" \
        RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE="$data/none" \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+S 2:2 +sbwt none' \
        sh -c "ulimit -n 10000 2>/dev/null; cd '$data' && exec '$script'" </dev/null >"$home/rabbitmq.log" 2>&1 &
    wait_for "$rabbitmq_port" RabbitMQ "$home/rabbitmq.log"
}

stop() {
    local pid file
    for file in "$home/postgres/postmaster.pid" "$home"/{mariadb,redis,nats,rabbitmq}/pid; do
        if ! is_running "$file"; then continue; fi
        pid=$(head -1 "$file")
        # SIGINT ends PostgreSQL without waiting for its clients.
        case $file in *postmaster*) kill -INT "$pid" ;; *) kill "$pid" ;; esac
        for _ in $(seq 150); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.2
        done
        say "stopped $pid"
        # The names of a RabbitMQ are kept by a process that outlives it.
        case $file in *rabbitmq*) epmd -port $((rabbitmq_port + 2)) -kill >/dev/null 2>&1 || true ;; esac
    done
}

if [ "${1:-}" = stop ]; then
    stop
    exit
fi

if [ "${1:-}" = install ]; then
    [ -n "${POSTGRES_URL:-}" ] || need_postgres
    [ -n "${MARIADB_URL:-}" ] || need_mariadb
    [ -n "${REDIS_URL:-}" ] || need_redis
    [ -n "${NATS_URL:-}" ] || need_nats
    [ -n "${AMQP_URL:-}" ] || need_rabbitmq
    exit
fi

# Prints the variable $1 with the URL of a server: the one it has; the one on the usual port $2, if $3 says yes; or a
# private one, which $4 starts on the port $5. The URL is $6, with the port for %.
offer() {
    local url=${!1:-}
    if [ -z "$url" ] && [ -z "${SERVERS_PRIVATE:-}" ] && "$3" "$2"; then
        url=${6/\%/$2}
    elif [ -z "$url" ]; then
        "$4"
        url=${6/\%/$5}
    fi
    echo "$1=$url"
}

offer POSTGRES_URL 5432 listens start_postgres "$postgres_port" postgres://postgres@127.0.0.1:%/test
offer MARIADB_URL 3306 listens start_mariadb "$mariadb_port" mysql://root@127.0.0.1:%/test
offer REDIS_URL 6379 flushes start_redis "$redis_port" redis://127.0.0.1:%
offer NATS_URL 4222 streams start_nats "$nats_port" nats://127.0.0.1:%
offer AMQP_URL 5672 greets start_rabbitmq "$rabbitmq_port" amqp://guest:guest@127.0.0.1:%
