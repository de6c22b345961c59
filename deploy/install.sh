#!/usr/bin/env bash
# Installs the service on Debian 12 or 13, or brings an installed one to the version that this file came with.
set -euo pipefail
umask 022

usage() {
    cat <<'END'
deploy/install.sh [OPTION...]    as root; may be run again, and keeps the data and the settings that are there

  --database=sqlite              a file in /var/lib/chat (what a new installation gets)
  --database=mariadb             a database and a user of its own in this machine's MariaDB, installed if it is not there
  --database=mysql://USER@HOST/NAME
                                 a database that is there; its password from CHAT_DATABASE_PASSWORD
  --listen=ADDRESS:PORT          where clients come in, such as 0.0.0.0:443; else 127.0.0.1:8888
  --certfile=FILE --keyfile=FILE TLS without a proxy, with copies of these files in /etc/chat/tls
  --root=DIR                     into the tree of a machine that is not running, such as an image
  --dry-run                      says what it would do, and does nothing
  --uninstall                    takes the program and its units away; the data and the settings stay

Example: sudo deploy/install.sh --listen=0.0.0.0:443 --certfile=fullchain.pem --keyfile=privkey.pem
END
}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

# step WHAT COMMAND...: says what it does, and does it unless this is a dry run.
step() {
    echo "install.sh: $1"
    shift
    [ -n "$dry_run" ] || "$@"
}

source=$(dirname "$(dirname "$(readlink -f "$0")")")
root= dry_run= uninstall= database= listen= certfile= keyfile=
for argument; do
    case $argument in
    --database=*) database=${argument#*=} ;;
    --listen=*) listen=${argument#*=} ;;
    --certfile=*) certfile=$(realpath "${argument#*=}") ;;
    --keyfile=*) keyfile=$(realpath "${argument#*=}") ;;
    --root=*) root=$(realpath "${argument#*=}") ;;
    --dry-run) dry_run=yes ;;
    --uninstall) uninstall=yes ;;
    -h | --help) usage && exit ;;
    *) fail "unknown option $argument: --help lists them" ;;
    esac
done

program=$root/opt/chat etc=$root/etc/chat data=$root/var/lib/chat units=$root/etc/systemd/system
enabled="chat.socket chat-metrics.socket chat.service chat-backup.timer"

# on_systemd COMMAND...: systemctl, where the tree is a machine that runs systemd.
on_systemd() {
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then
        systemctl "$@"
    fi
}

check() {
    [ "$(id -u)" = 0 ] || fail "only root may: sudo deploy/install.sh"
    case $database in
    "" | sqlite | mariadb | mysql://*) ;;
    *) fail "--database=$database is none of sqlite, mariadb and mysql://USER@HOST/NAME" ;;
    esac
    [ -n "$certfile" ] && [ -z "$keyfile" ] && fail "TLS needs both: say --certfile= and --keyfile="
    [ -n "$keyfile" ] && [ -z "$certfile" ] && fail "TLS needs both: say --certfile= and --keyfile="
    for file in "$certfile" "$keyfile"; do
        [ -z "$file" ] || [ -r "$file" ] || fail "cannot read $file: give the path of a PEM file"
    done
    if [ -n "$database" ] && [ -e "$etc/chat.toml" ]; then
        fail "$etc/chat.toml says which database it is: leave --database= out; to move the data, see docs/operations.md"
    fi
    if ! grep -qsE '^VERSION_ID="(12|13)"' "$root/etc/os-release" || ! grep -qs '^ID=debian' "$root/etc/os-release"; then
        echo "install.sh: this is neither Debian 12 nor 13, where it was tried: it may work"
    fi
}

install_packages() {
    local packages=
    /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=" python3 python3-venv"
    [ "$database" != mariadb ] || command -v mariadb >/dev/null || packages+=" mariadb-server"
    [ -n "$packages" ] || return 0
    # shellcheck disable=SC2086  # some words
    step "installing Debian's packages$packages" apt_get $packages
}

apt_get() {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

make_user() {
    if grep -qs '^chat:' "$root/etc/passwd"; then
        echo "install.sh: the user chat is there"
    else
        step "making the user chat" add_user
    fi
}

add_user() {
    mkdir -p "$root/etc"
    echo 'u chat - "Support chat" /var/lib/chat' | systemd-sysusers ${root:+"--root=$root"} -
}

# ours OPTION... : install(1) for the user chat of the tree.
ours() {
    local ids
    ids=$(grep '^chat:' "$root/etc/passwd" | cut -d: -f3,4)
    install -o "${ids%:*}" -g "${ids#*:}" "$@"
}

# What is built beside the program that runs takes its place when it is whole.
build_program() {
    rm -rf "$program.new"
    mkdir -p "$program.new"
    tar -C "$source" -c --exclude='./.[!.]*' --exclude=./var --exclude=./tests --exclude=./bench --exclude=./venv \
        --exclude=__pycache__ . | tar -C "$program.new" -x --no-same-owner
    chmod -R u=rwX,go=rX "$program.new"
    (
        /usr/bin/python3 -m venv "$program.new/venv"
        cd "$program.new"
        venv/bin/python -m pip install -qq --disable-pip-version-check --no-warn-script-location -r requirements.txt
        venv/bin/python -m compileall -q -j0 .
        venv/bin/python server.py --help >/dev/null
    ) || fail "the program could not be built; what was installed before is untouched"
}

make_database() {
    local socket
    case $database in
    mariadb)
        [ -n "$root" ] || on_systemd -q is-active mariadb || on_systemd start mariadb
        socket=$(mariadb -BN -e "SELECT @@socket") || fail "cannot reach MariaDB as root: start it, and try mariadb -e 'SELECT 1'"
        mariadb -e "CREATE DATABASE IF NOT EXISTS chat; CREATE USER IF NOT EXISTS chat@localhost IDENTIFIED VIA unix_socket;
            GRANT ALL ON chat.* TO chat@localhost"
        url="mysql://chat@localhost/chat?unix_socket=$socket"
        ;;
    mysql://*) url=$database ;;
    *) url=sqlite:/var/lib/chat/chat.db ;;
    esac
}

write_settings() {
    cat >"$etc/chat.toml" <<END
# The settings of the chat: README.md lists them. To use a changed one: systemctl restart chat
# Where it listens stands in its socket: systemctl edit chat.socket

database = "$url"
secret-file = "/var/lib/chat/secret"
backup-folder = "/var/lib/chat/backups"
trusted-proxies = ["127.0.0.1", "::1"]
metrics-port = 9888 # as chat-metrics.socket has it; doctor asks there
END
}

write_secrets() {
    ours -m 600 /dev/null "$etc/secrets.env"
    echo "# CHAT_DATABASE_PASSWORD=…, where the database asks for one; for the user chat alone" >"$etc/secrets.env"
    [ -n "${CHAT_DATABASE_PASSWORD:-}" ] || return 0
    # systemd reads it, and a shell: both take a \ before these four in double quotes
    sed 's/[\\"$`]/\\&/g; s/.*/CHAT_DATABASE_PASSWORD="&"/' <<<"$CHAT_DATABASE_PASSWORD" >>"$etc/secrets.env"
}

copy_certificate() {
    ours -d -m 700 "$etc/tls"
    ours -m 600 "$certfile" "$etc/tls/fullchain.pem"
    ours -m 600 "$keyfile" "$etc/tls/privkey.pem"
    grep -q '^certfile' "$etc/chat.toml" ||
        printf '%s\n' 'certfile = "/etc/chat/tls/fullchain.pem"' 'keyfile = "/etc/chat/tls/privkey.pem"' >>"$etc/chat.toml"
}

write_drop_in() {
    mkdir -p "$units/$1.d"
    cat >"$units/$1.d/$2"
}

copy_units() {
    mkdir -p "$units"
    install -m 644 "$source"/deploy/*.service "$source"/deploy/*.socket "$source"/deploy/*.timer "$units/"
}

listen_at() {
    printf '[Socket]\nListenStream=\nListenStream=%s\n' "$listen" | write_drop_in chat.socket listen.conf
}

reach_network() {
    write_drop_in chat.service network.conf <"$source/deploy/network.conf"
    write_drop_in chat-backup.service network.conf <"$source/deploy/network.conf"
}

replace_program() {
    rm -rf "$program.old"
    [ ! -e "$program" ] || mv "$program" "$program.old"
    mv "$program.new" "$program"
}

enable() {
    # shellcheck disable=SC2086  # some words
    systemctl ${root:+"--root=$root"} enable -q $enabled
}

start() {
    on_systemd daemon-reload
    if [ -n "$listen" ]; then
        on_systemd stop chat.service chat.socket
    fi
    on_systemd start chat.socket chat-metrics.socket chat-backup.timer ||
        fail "cannot listen${listen:+ on $listen}: see journalctl -u chat.socket; say --listen=ADDRESS:PORT for another place"
    if ! on_systemd restart chat.service; then
        on_systemd status --no-pager --lines=5 chat.service >&2 || true
        [ -e "$program.old" ] || fail "it does not start: see above, or journalctl -u chat; then run this again"
        rm -rf "$program.new"
        mv "$program" "$program.new"
        mv "$program.old" "$program"
        on_systemd restart chat.service || true
        fail "the new version does not start: see above; the one before it is back, the new one is in $program.new"
    fi
    rm -rf "$program.old"
}

install_all() {
    local url
    install_packages
    make_user
    step "building the program with its Python environment in $program.new" build_program
    step "making $etc, $data and their files, which the user chat alone may read" make_folders
    if [ -e "$etc/chat.toml" ]; then
        echo "install.sh: keeping the settings in $etc/chat.toml"
    else
        step "making the database: ${database:-sqlite}" make_database
        step "writing the settings to $etc/chat.toml" write_settings
    fi
    [ -z "$certfile" ] || step "copying the certificate and its key to $etc/tls" copy_certificate
    step "copying the units to $units" copy_units
    [ -z "$listen" ] || step "listening on $listen" listen_at
    case $database in
    mysql://*) step "letting the service reach the database over the network" reach_network ;;
    esac
    step "putting the program into $program" replace_program
    step "enabling $enabled" enable
    [ -n "$root" ] || step "starting the service" start
    echo "install.sh: done. Now add an operator, and let it be examined:"
    echo "    cd /opt/chat && ${SUDO_USER:+sudo }./run.sh user add NAME --operator && ${SUDO_USER:+sudo }./run.sh doctor"
}

make_folders() {
    mkdir -p "$etc"
    ours -d -m 700 "$data"
    [ -e "$etc/secrets.env" ] || write_secrets
}

remove_all() {
    # shellcheck disable=SC2086  # some words
    step "stopping and disabling $enabled" stop_all
    step "removing the units from $units" remove_units
    step "removing the program from $program" rm -rf "$program" "$program.new" "$program.old"
    echo "install.sh: done. The data in $data, the settings in $etc and the user chat stay."
}

stop_all() {
    # shellcheck disable=SC2086  # some words
    on_systemd stop $enabled || true
    # shellcheck disable=SC2086  # some words
    systemctl ${root:+"--root=$root"} disable -q $enabled
}

remove_units() {
    local unit
    for unit in "$source"/deploy/*.service "$source"/deploy/*.socket "$source"/deploy/*.timer; do
        rm -f "$units/$(basename "$unit")"
    done
    rm -rf "$units"/chat.service.d "$units"/chat.socket.d "$units"/chat-backup.service.d
    on_systemd daemon-reload
}

check
cd / # not in a folder that is replaced
if [ -n "$uninstall" ]; then
    remove_all
else
    install_all
fi
