# tls.sh - certificates for tests; sourced after lib.sh
#
#   certs_new                     a CA in $T/certs: ca.pem
#   cert_new NAME CN SAN [rsa [USE]]   NAME.pem and NAME.key, signed by it (EC keys are made faster)
#   cert_self NAME CN             the same, signed by nobody but itself
#   cert_print NAME, key_print NAME   SHA-256 fingerprints, AB:CD:...
#   talk_tls PORT ...             t/talk-tls.py
#
# They are made anew by each script, so that none is ever too old.
certs=$T/certs

cert_key() {	# cert_key NAME [rsa]
	if [ "${2-}" = rsa ]; then
		openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$certs/$1.key"
	else
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$certs/$1.key"
	fi 2>/dev/null
	chmod 644 "$certs/$1.key"
}

cert_self() {
	cert_key "$1"
	openssl req -x509 -new -key "$certs/$1.key" -out "$certs/$1.pem" -days 2 -subj "/CN=$2" 2>/dev/null
}

certs_new() {
	mkdir -p "$certs"
	cert_key ca
	openssl req -x509 -new -key "$certs/ca.key" -out "$certs/ca.pem" -days 2 -subj '/O=Test/CN=Test CA' \
	    -addext basicConstraints=critical,CA:TRUE 2>/dev/null
}

cert_new() {
	cert_key "$1" "${4-}"
	printf 'subjectAltName = %s\nbasicConstraints = CA:FALSE\n' "$3" >"$certs/$1.ext"
	[ -z "${5-}" ] || echo "extendedKeyUsage = $5" >>"$certs/$1.ext"
	openssl req -new -key "$certs/$1.key" -subj "/O=Test/CN=$2" 2>/dev/null |
	    openssl x509 -req -CA "$certs/ca.pem" -CAkey "$certs/ca.key" -set_serial "0x$(openssl rand -hex 8)" \
	    -days 2 -extfile "$certs/$1.ext" -out "$certs/$1.pem" 2>/dev/null
}

cert_print() {
	openssl x509 -in "$certs/$1.pem" -noout -fingerprint -sha256 | sed 's/.*=//'
}

key_print() {
	openssl x509 -in "$certs/$1.pem" -noout -pubkey | openssl pkey -pubin -outform der |
	    openssl dgst -sha256 -c | sed 's/.*= *//' | tr a-f A-F
}

talk_tls() { timeout 60 python3 "$PH_SRC/t/talk-tls.py" "$@"; }
