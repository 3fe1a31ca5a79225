# shellcheck shell=bash disable=SC2154  # stack.sh sets what is not set here
# The private PostgreSQL cluster, in postgres/ of the state directory; a part of stack.sh. Nobody
# reaches it but over a Unix socket: the owner of the state directory and root as the superuser
# postgres (psql -h "$PWD/.local/run" -U postgres atelier_qa), the program with passwords, made here.
#
# It promises that a cluster is whole: initdb works in postgres.new, an import brings the sample
# data whole or not at all, and all else is looked after at each start.

# The programs of the newest PostgreSQL, or of the one that made the cluster.
find_postgresql() {
    local version=""
    if [[ -e postgres/PG_VERSION ]]; then
        version=$(<postgres/PG_VERSION)
    fi
    # shellcheck disable=SC2086  # the asterisk is a pattern
    postgresql=$(printf '%s\n' /usr/lib/postgresql/${version:-*}/bin/initdb | sort -V | tail -n 1)
    [[ -x $postgresql ]] || postgresql=$(command -v initdb) ||
        fail "PostgreSQL ${version:+$version, which made the cluster in $state/postgres,} is not installed"
    postgresql=$(dirname "$(realpath "$postgresql")")
    version=$("$postgresql/postgres" --version | grep -Eo '[0-9]+' | head -n 1)
    ((version >= 14)) || fail "PostgreSQL 14 or newer is needed, this is $version"
}

create_cluster() {
    say "Creating a private PostgreSQL cluster"
    rm -rf postgres.new
    apart "$postgresql/initdb" --pgdata=postgres.new --username=postgres --auth=reject \
        --encoding=UTF8 --locale=C.UTF-8 --data-checksums >log/initdb.log 2>&1 ||
        fail "initdb failed, see $state/log/initdb.log"
    mv -T postgres.new postgres
}

memory_mib() {  # what the machine has, or what its container is allowed
    local limit=""
    [[ ! -r /sys/fs/cgroup/memory.max ]] || limit=$(</sys/fs/cgroup/memory.max)
    awk -v limit="$limit" '/^MemTotal/ {
        mib = $2 / 1024
        print int(limit ~ /^[0-9]+$/ && limit / 1048576 < mib ? limit / 1048576 : mib)
    }' /proc/meminfo
}

configure_cluster() {
    local connections buffers user
    # Twice what the workers use, for the moment of a reload, and some for people.
    connections=$((2 * QA_WORKERS * (setting[QA_READ_CONNECTIONS] + setting[QA_WRITE_CONNECTIONS]) + 20))
    # A quarter of the memory, where the full data set may lie; taken only as it is used.
    buffers=$(($(memory_mib) / 4))
    ((buffers >= 128)) || buffers=128
    ((buffers <= 8192)) || buffers=8192
    user=$(stat -c %U postgres)
    cat >postgres/stack.conf <<END
# Written by deploy/stack.sh at each start.
listen_addresses = ''
unix_socket_directories = '$sockets'
unix_socket_permissions = 0700
max_connections = $((connections > 100 ? connections : 100))
shared_buffers = ${buffers}MB
END
    cat "$deploy/postgresql.conf" >>postgres/stack.conf
    cat >postgres/pg_hba.conf <<END
# Written by deploy/stack.sh at each start.
local all        postgres                             peer map=operator
local atelier_qa atelier_qa_owner,atelier_qa_service  scram-sha-256
END
    printf 'operator "%s" postgres\n' "$user" root >postgres/pg_ident.conf
    grep -qxF "include 'stack.conf'" postgres/postgresql.conf ||
        echo "include 'stack.conf'" >>postgres/postgresql.conf
}

# What the killed predecessor left behind: PostgreSQL takes a number in a lock file for a living
# server's if any process has it now.
remove_stale_locks() {
    local pid
    rm -f run/.s.PGSQL.*
    if read -r pid 2>/dev/null <postgres/postmaster.pid && [[ -e /proc/$pid ]]; then
        rm -f postgres/postmaster.pid
    fi
}

start_postgres() {
    local try
    find_postgresql
    ! pid_of postgres >/dev/null || return 0
    [[ -e postgres/PG_VERSION ]] || create_cluster
    configure_cluster
    remove_stale_locks
    begin postgres
    # Relative paths: pg_ctl hands them to a shell between double quotes.
    for try in 1 2 3 4 5; do  # the last children of a killed server may need a moment to end
        ((try == 1)) || sleep 1
        ! apart "$postgresql/pg_ctl" start --pgdata=postgres --log="${log[postgres]}" \
            --wait --timeout=300 --silent >/dev/null 2>&1 8>&- 9>&- || return 0
    done
    last_words postgres
    fail "PostgreSQL does not start, see $state/${log[postgres]}"
}

sql() {
    apart "$postgresql/psql" --no-psqlrc --quiet --no-align --tuples-only \
        --set=ON_ERROR_STOP=1 --host="$sockets" --username=postgres "$@"
}

# Roles, passwords and the database, where they are missing, and where the program finds them.
prepare_database() {
    local role
    for role in owner service; do
        if [[ ! -s secrets/$role-password ]]; then
            apart bash -c "umask 077; od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >secrets/$role-password.new"
            mv secrets/$role-password.new secrets/$role-password
        fi
        printf 'postgresql://atelier_qa_%s:%s@/atelier_qa?host=%s\n' \
            $role "$(<secrets/$role-password)" "$sockets" |
            apart bash -c "umask 077; cat >secrets/$role-url.new"
        mv secrets/$role-url.new secrets/$role-url
    done
    sql --dbname=postgres <"$deploy/private-cluster.sql" >/dev/null ||
        fail "could not set up the database"
    unset QA_OWNER_DATABASE_URL
    export DATABASE_URL_FILE=$state/secrets/service-url
    export QA_OWNER_DATABASE_URL_FILE=$state/secrets/owner-url
}

# Ctrl-C reaches generate and import, which then leave things as they were.
load_sample_data() {
    rm -rf sample  # left by a start that was cut short
    ((sample_products > 0)) || return 0
    if [[ $(sql --dbname=atelier_qa --command='SELECT EXISTS (SELECT FROM questions) OR
        EXISTS (SELECT FROM answers)') == t ]]; then
        return 0
    fi
    say "Loading sample data of $sample_products products"
    "${bare[@]}" bin/atelier-qa generate sample --products "$sample_products" >/dev/null ||
        fail "could not generate sample data"
    "${bare[@]}" bin/atelier-qa import sample --sample ||
        fail "could not load the sample data"
    rm -rf sample
}
