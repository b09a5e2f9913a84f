# servers.sh - private database servers for tests; sourced after lib.sh
#
#   server_new KIND NAME     files of a pgsql, mysql, ldap, memcache or redis server in $T/NAME;
#                            skips the script when the programs are not installed
#   server_start NAME        waits until it answers; sockets are in $T/NAME/run
#   server_stop NAME [-KILL]  waits until it is gone
#   server_pid NAME
#   server_module KIND       skips the script when the module was not built
#   tls_files                false without openssl; else $T/tls has ca.pem and, signed
#                            by it, server.pem server.key (for 127.0.0.1 only) and
#                            client.pem client.key; other.pem is another authority
#
# They listen on Unix sockets and, where named, on the loopback port in
# $T/NAME/port; they run as user nobody when root starts them. A server with
# $T/NAME/server.pem and server.key (see server_tls) speaks TLS, too; LDAP also
# from the start, on the port in $T/NAME/tls-port.
servers=
SERVER_USER=nobody
[ "$(id -u)" = 0 ] || SERVER_USER=$(id -un)
PATH=$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')

servers_stop() {
	for s in $servers; do server_stop "$s"; done
}

as_server() { instance_as "$SERVER_USER" "$@"; }
server_pid() { cat "$T/$1/pid"; }
server_module() {
	[ -e "${PH_BIN%/bin}/modules/posthorn-$1.so" ] ||
	    skip_all "the $1 module was not built"
}

tls_files() {
	command -v openssl >/dev/null || return 1
	mkdir "$T/tls"
	for ca in ca other; do
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$ca \
		    -keyout "$T/tls/$ca.key" -out "$T/tls/$ca.pem" 2>/dev/null
	done
	echo 'subjectAltName = IP:127.0.0.1' >"$T/tls/names"
	for name in server client; do
		openssl req -newkey rsa:2048 -nodes -subj /CN=$name \
		    -keyout "$T/tls/$name.key" -out "$T/tls/request" 2>/dev/null
		openssl x509 -req -in "$T/tls/request" -days 2 -extfile "$T/tls/names" \
		    -CA "$T/tls/ca.pem" -CAkey "$T/tls/ca.key" -CAcreateserial \
		    -out "$T/tls/$name.pem" 2>/dev/null
	done
}

# server_tls NAME: from the next start on it speaks TLS
server_tls() {
	cp "$T/tls/server.pem" "$T/tls/server.key" "$T/tls/ca.pem" "$T/$1"
	chmod 600 "$T/$1/server.key"
	[ "$(id -u)" != 0 ] || chown $SERVER_USER "$T/$1/server.key"
	free_port >"$T/$1/tls-port"
}

server_new() {
	case $1 in
	pgsql) program=postgres ;;
	mysql) program=mariadbd ;;
	ldap) program=slapd ;;
	memcache) program=memcached ;;
	redis) program=redis-server ;;
	esac
	command -v $program >/dev/null || skip_all "$program is not installed"
	mkdir -p "$T/$2/run"
	echo "$1" >"$T/$2/kind"
	free_port >"$T/$2/port"
	[ "$(id -u)" != 0 ] || chown -R $SERVER_USER "$T/$2"
	[ "$1" != mysql ] || as_server mariadb-install-db --no-defaults \
	    --datadir="$T/$2/data" --auth-root-authentication-method=normal \
	    --skip-test-db --innodb-log-file-size=4M \
	    --innodb-flush-method=nosync >"$T/$2.log" 2>&1 ||
	    { cat "$T/$2.log" >&2; exit 1; }
	[ "$1" != pgsql ] || as_server initdb --no-sync -A trust -U test \
	    -E UTF8 --locale C -D "$T/$2/data" >"$T/$2.log" 2>&1 ||
	    { cat "$T/$2.log" >&2; exit 1; }
}

# server_exec KIND DIR PORT: become the server
server_exec() {
	kind=$1 dir=$2 port=$3 tls_port=$(cat "$2/tls-port" 2>/dev/null)
	case $kind in
	pgsql) set -- postgres -D "$dir/data" -k "$dir/run" -p "$port" \
	    -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=8MB ;;
	mysql) set -- mariadbd --no-defaults --datadir="$dir/data" \
	    --socket="$dir/run/sock" --port="$port" --bind-address=127.0.0.1 \
	    --pid-file="$dir/run/pid" --skip-log-bin --skip-name-resolve \
	    --innodb-buffer-pool-size=8M --innodb-log-file-size=4M \
	    --innodb-flush-log-at-trx-commit=0 ;;
	ldap) set -- slapd -d none -f "$dir/slapd.conf" -h \
	    "ldap://127.0.0.1:$port/ ldapi://$(echo "$dir/run/sock" | sed 's|/|%2f|g')/${tls_port:+ ldaps://127.0.0.1:$tls_port/}" ;;
	memcache) set -- memcached -m 16 -s "$dir/run/sock" -a 777 ;;
	redis) set -- redis-server --port "$port" --bind 127.0.0.1 \
	    --unixsocket "$dir/run/sock" --unixsocketperm 777 --save '' \
	    --dir "$dir/run" --daemonize no ${SERVER_ARGS-} ;;
	esac
	[ -z "$tls_port" ] || case $kind in
	pgsql) set -- "$@" -c ssl=on -c ssl_cert_file="$dir/server.pem" \
	    -c ssl_key_file="$dir/server.key" -c ssl_ca_file="$dir/ca.pem" ;;
	mysql) set -- "$@" --ssl-cert="$dir/server.pem" \
	    --ssl-key="$dir/server.key" --ssl-ca="$dir/ca.pem" ;;
	esac
	[ "$(id -u)" != 0 ] || set -- setpriv --reuid $SERVER_USER \
	    --regid "$(id -g $SERVER_USER)" --clear-groups -- "$@"
	cd "$dir" && exec "$@"
}

server_answers() {
	case $1 in
	pgsql) pg_isready -q -h "$2/run" -p "$(cat "$2/port")" ;;
	mysql) mariadb --no-defaults -u root -S "$2/run/sock" -e 'select 1' ;;
	ldap) perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]")' "$(cat "$2/port")" ;;
	*) perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new($ARGV[0])' "$2/run/sock" ;;
	esac
}

server_start() {
	kind=$(cat "$T/$1/kind")
	case " $servers " in
	*" $1 "*) ;;
	*) servers="$servers $1"; on_exit servers_stop ;;
	esac
	(server_exec "$kind" "$T/$1" "$(cat "$T/$1/port")") \
	    </dev/null >>"$T/$1.log" 2>&1 6>&- 7>&- 8>&- &
	echo $! >"$T/$1/pid"
	wait_for 20 server_answers "$kind" "$T/$1" ||
	    { tail -n 20 "$T/$1.log" >&2; return 1; }
}

server_stop() {
	[ -s "$T/$1/pid" ] || return 0
	pid=$(cat "$T/$1/pid")
	# PostgreSQL takes SIGTERM as "when all clients have gone".
	[ "$(cat "$T/$1/kind")" = pgsql ] && signal=-INT || signal=-TERM
	kill "${2-$signal}" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	rm -f "$T/$1/pid"
}

# ask_open [-w] TABLE: a process that keeps TABLE open; ask LINE prints its
# answer (t/tools/table-ask.c); its reasons are in $T/ask.err. Descriptors 6 and
# 7 are the way to it and back.
ask_open() {
	rm -f "$T/ask.in" "$T/ask.out"
	mkfifo "$T/ask.in" "$T/ask.out"
	timeout 60 table-ask "$@" <"$T/ask.in" >"$T/ask.out" 2>"$T/ask.err" &
	ask_pid=$!
	exec 6>"$T/ask.in" 7<"$T/ask.out"
}
ask() {
	answer=
	echo "$*" >&6
	read -r answer <&7
	printf '%s\n' "$answer"
}
ask_close() {
	exec 6>&- 7<&-
	wait "$ask_pid"
}

# silent_server: a port that takes connections and never says a word; sets silent_port
silent_server() {
	perl -MIO::Socket::INET -e '$| = 1; $l = IO::Socket::INET->new(Listen => 20,
	    LocalAddr => "127.0.0.1"); print $l->sockport, "\n"; close STDOUT;
	    push @c, $l->accept while 1' >"$T/silent" 6>&- 7>&- 8>&- &
	silent_pid=$!
	on_exit silent_stop
	wait_for 10 test -s "$T/silent"
	silent_port=$(cat "$T/silent")
}
silent_stop() { kill "$silent_pid" 2>/dev/null; wait "$silent_pid" 2>/dev/null; }
