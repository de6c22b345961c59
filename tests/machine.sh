# machine.sh FOLDER COMMAND: runs the command as on a machine of its own. In a mount namespace (unshare --mount), where its
# /etc is a copy, /opt, /run and /var/lib are empty, MariaDB runs, and systemctl, which needs systemd as PID 1, has a
# stand-in that starts the service as the unit's user and says whether it came up.
set -euo pipefail
folder=$1 command=$2
mkdir "$folder/bin"
cp -a /etc "$folder/etc"
mount --make-rprivate /
mount --bind "$folder/etc" /etc
for place in /opt /run /var/lib; do mount -t tmpfs tmpfs $place; done
mkdir -p /run/systemd/system /run/mysqld
cat >"$folder/bin/systemctl" <<'END'
#!/bin/bash
[ "$*" = "restart chat.service" ] || exit 0
[ ! -e /run/chat.pid ] || kill "$(cat /run/chat.pid)" || true
cd /opt/chat
rm -f /run/chat.log # that of the one before says "serving on", too
setpriv --reuid=chat --regid=chat --init-groups venv/bin/python server.py --config=/etc/chat/chat.toml --port=0 \
    --metrics-port=0 >/run/chat.log 2>&1 &
echo $! >/run/chat.pid
until grep -qs "serving on" /run/chat.log; do
    kill -0 $! 2>/dev/null || exit 1
    sleep 0.1
done
END
chmod +x "$folder/bin/systemctl"
export PATH=$folder/bin:$PATH:/usr/sbin
mariadb-install-db --no-defaults --datadir=/var/lib/mysql --user=root --skip-test-db >/dev/null
mariadbd --no-defaults --datadir=/var/lib/mysql --user=root --socket=/run/mysqld/mysqld.sock --skip-networking \
    2>/dev/null &
server=$!
trap 'kill $server; [ ! -e /run/chat.pid ] || kill "$(cat /run/chat.pid)"; wait' EXIT
until mariadb -e "SELECT 1" >/dev/null 2>&1; do sleep 0.1; done
bash -c "$command"
