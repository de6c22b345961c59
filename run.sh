#!/usr/bin/env bash
# Makes the environment that a word needs, then hands over to it. Relative paths are relative to this folder.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

usage() {
    cat <<'EOF'
./run.sh [serve] [--port=8888 --database=URL ...]   the service; --help lists its settings
./run.sh demo                                       the service with a database and accounts to try it
./run.sh user add|list|passwd|role|logout|remove    the users; --help for each
./run.sh user import|erase                          many at once from a CSV file; one for good, with all its texts
./run.sh backup FILE, backup --keep=14 FOLDER       one file with all that the database holds
./run.sh restore FILE                               the way back, into an empty database of either engine
./run.sh export FILE.jsonl|.csv|.html               the messages, for other programs and for paper
./run.sh doctor [--url=https://...]                 is everything as it should be; --help
./run.sh test [--quick] [pytest's arguments]        format, lint, types and tests; --quick: without the slow ones
./run.sh bench [NAME...] [--quick]                  measures its speed; --help for what there is
./run.sh lock                                       pins what the requirements.in ask for, with all that it needs
EOF
}

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

# environment NAME FILE...: makes .venv/NAME-PYTHON-REQUIREMENTS from the requirements in the files, unless it is
# there, and names its python in $python. The service's own umask comes after it: every user may use it.
environment() {
    local name=$1 interpreter folder old
    shift
    command -v python3 >/dev/null || fail "Python is missing; install it: apt-get install python3 python3-venv"
    interpreter=$(python3 -c 'import sys; print(sys.executable, sys.version)' | sha256sum | cut -c1-8)
    folder=.venv/$name-$interpreter-$(cat "$@" | sha256sum | cut -c1-8)
    python=$folder/bin/python
    if [ ! -e "$folder/complete" ]; then
        python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed"
        python3 -c 'import ensurepip, venv' 2>/dev/null ||
            fail "this Python has no venv; install it: apt-get install python3-venv"
        writable .venv
        exec 9>.venv/lock
        flock 9 # another start may be at it
        if [ ! -e "$folder/complete" ]; then
            echo "run.sh: making the environment in $folder" >&2
            rm -rf "$folder"
            python3 -m venv "$folder"
            "$python" -m pip install -qq --disable-pip-version-check --require-hashes $(printf -- '-r %s ' "$@") >&2 ||
                fail "pip could not install $*; see above"
            touch "$folder/complete"
            for old in .venv/"$name-$interpreter"-*; do
                [ "$old" = "$folder" ] || rm -rf "$old"
            done
        fi
        exec 9>&-
    fi
}

# writable FOLDER: makes sure that this user may write there.
writable() {
    mkdir -p "$1" 2>/dev/null && [ -w "$1" ] ||
        fail "$(id -un) may not write to $PWD/$1, which is $(stat -c %U "$1" 2>/dev/null || stat -c %U .)'s:" \
            "be that user, or chown it"
}

# service FILE [ARGUMENT...]: hands over to a program of the service. What it writes is its user's alone.
service() {
    [ ! -e venv ] || installed "$@" # by deploy/install.sh
    environment service requirements.txt
    writable var
    umask 077
    exec "$python" "$@"
}

# installed FILE [ARGUMENT...]: the same where deploy/install.sh has put it: as its user, with its settings and secrets.
installed() {
    local etc
    etc=$(readlink -m ../../etc/chat)
    [ "$(id -u)" != 0 ] || exec runuser -u chat -- ./run.sh "${words[@]}"
    [ -r $etc/secrets.env ] || fail "the chat's files are the user chat's: sudo ./run.sh ${words[*]}"
    umask 077
    set -a
    CHAT_CONFIG=$etc/chat.toml
    . $etc/secrets.env
    set +a
    exec venv/bin/python "$@"
}

packages= # of Debian, that are missing

# need "PACKAGE..." CHECK...: the packages are missing unless the command CHECK succeeds.
need() {
    local names=$1
    shift
    (PATH=$PATH:/usr/sbin && "$@") >/dev/null 2>&1 || packages+=" $names"
}

need_mariadb() {
    need "mariadb-server-core mariadb-client-core" hash mariadbd mariadb-install-db my_print_defaults
}

need_systemd() {
    need systemd hash systemd-analyze systemd-socket-activate systemd-sysusers
    need python3-venv /usr/bin/python3 -c "import ensurepip, venv" # what deploy/install.sh takes
}

need_nginx() {
    need nginx hash nginx
    need prometheus hash promtool # checks deploy/alerts.yaml
}

need_browser() {
    need "chromium chromium-headless-shell" hash chromium chromium-headless-shell
    need "fontconfig fonts-dejavu-core" fc-list -q "DejaVu Sans"
    need fonts-noto-color-emoji fc-list -q "Noto Color Emoji"
}

need_faults() {
    need strace hash strace
    need libfaketime test -e /usr/lib/*/faketime/libfaketime.so.1
}

# install: installs the packages that are missing; nothing of them is started.
install() {
    [ -z "$packages" ] && return
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        fail "needs what these packages of Debian have: apt-get install$packages"
    echo "run.sh: installing$packages" >&2
    (
        policy=/usr/sbin/policy-rc.d # without it Debian would start nginx and prometheus
        if [ ! -e $policy ]; then
            trap 'rm -f $policy' EXIT
            printf '#!/bin/sh\nexit 101\n' >$policy
            chmod +x $policy
        fi
        # shellcheck disable=SC2086  # some words
        apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends $packages >/dev/null
    ) || fail "apt-get could not install$packages"
}

# audit: fails if a requirement has a known vulnerability; where the list of them is out of reach, it says so.
audit() {
    local report
    report=$("$python" -m pip_audit --disable-pip --require-hashes --progress-spinner=off --timeout=20 \
        $(printf -- '-r %s ' requirements.txt tests/requirements.txt bench/requirements.txt) 2>&1) || true
    grep -q "^Found .* known vulnerabilit" <<<"$report" && fail "$report"
    grep -q "^No known vulnerabilit" <<<"$report" && ! grep -q "could not be audited" <<<"$report" ||
        echo "run.sh: the list of known vulnerabilities is out of reach: the requirements were not compared with it" >&2
}

# lock: makes each requirements.txt from the requirements.in beside it, for Python 3.11 and newer.
lock() {
    local folder
    for folder in . tests bench; do
        "$python" -m uv pip compile --quiet --universal --python-version=3.11 --generate-hashes --no-header "$@" \
            -c requirements.in -c tests/requirements.in $folder/requirements.in -o $folder/requirements.txt
    done
}

words=("$@")
word=${1-serve}
case $word in
-h | --help | help) usage && exit ;;
-*) word=serve ;; # its settings
*) [ $# -gt 0 ] && shift ;;
esac

case $word in
serve) service server.py "$@" ;;
demo) service server.py --demo --database=sqlite:var/demo.db "$@" ;;
user | backup | restore | export | doctor) service -m manage "$word" "$@" ;;
test)
    environment tests requirements.txt tests/requirements.txt
    [ -n "${CHAT_TEST_MYSQL:-}" ] || need_mariadb
    need_systemd
    need_nginx
    need_browser
    need_faults
    install
    "$python" -m ruff format --check .
    "$python" -m ruff check .
    "$python" -m mypy
    [ $# -gt 0 ] || audit
    [ "$(id -u)" != 0 ] || exec unshare --mount "$python" -m pytest "$@" # a killed run leaves no disk of a test mounted
    exec "$python" -m pytest "$@"
    ;;
lock)
    environment tests requirements.txt tests/requirements.txt
    lock "$@"
    ;;
bench)
    environment bench requirements.txt tests/requirements.txt bench/requirements.txt
    need_mariadb
    install
    exec "$python" -m bench "$@"
    ;;
*)
    usage >&2
    echo "run.sh: there is no word $word: above are those that there are" >&2
    exit 2
    ;;
esac
