#!/usr/bin/env python3
# talk-tls.py PORT [KEY=VALUE ...] - hold an SMTP conversation, encrypted on demand
#
# Reads lines as talk.pl does, and
#
#   !tls [KEY=VALUE ...]    a handshake now, whatever was said before
#
# cert= and key= are our own certificate, sni= the name that we ask for, min=
# and max= versions of the ssl module ("TLSv1_2"). With "wrap" behind PORT, the
# handshake comes first. Prints "C: ", "C> ", "S: ", "EOF" as talk.pl, "TLS
# VERSION SUBJECT" after a handshake, or "TLS failed".
import socket
import ssl
import subprocess
import sys
import warnings

warnings.simplefilter('ignore')


class Talk:
    def __init__(self, port):
        self.sock = socket.create_connection(('127.0.0.1', port), 20)
        self.left = b''

    def reply(self):
        while True:
            while b'\n' not in self.left:
                try:
                    data = self.sock.recv(65536)
                except socket.timeout:
                    print('TIMEOUT')
                    sys.exit(1)
                except OSError:
                    data = b''
                if not data:
                    print('EOF')
                    sys.exit(0)
                self.left += data
            line, self.left = self.left.split(b'\n', 1)
            line = line.decode('latin1').rstrip('\r')
            print('S:', line)
            if line[3:4] != '-':
                return

    def start_tls(self, words):
        options = dict(word.split('=', 1) for word in words if '=' in word)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers('ALL:@SECLEVEL=0')
        if 'cert' in options:
            context.load_cert_chain(options['cert'], options['key'])
        for key, name in ('min', 'minimum_version'), ('max', 'maximum_version'):
            if key in options:
                setattr(context, name, getattr(ssl.TLSVersion, options[key]))
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname=options.get('sni'))
        except OSError:
            print('TLS failed')
            sys.exit(0)
        print('TLS', self.sock.version(), self.subject())

    def subject(self):
        der = self.sock.getpeercert(True)
        if der is None:
            return 'anonymous'
        return subprocess.run(['openssl', 'x509', '-inform', 'der', '-noout', '-subject'],
                              input=der, capture_output=True).stdout.decode().strip()


talk = Talk(int(sys.argv[1]))
if 'wrap' in sys.argv[2:]:
    talk.start_tls(sys.argv[2:])
talk.reply()
for line in sys.stdin:
    line = line.rstrip('\n')
    try:
        if line.startswith('#'):
            continue
        if line.startswith('!tls'):
            talk.start_tls(line.split()[1:])
        elif line.startswith('>>>'):
            print('C>', line[3:])
            talk.sock.sendall(line[3:].encode().decode('unicode_escape').encode('latin1'))
        elif line == '<<<':
            talk.reply()
        else:
            print('C:', line)
            talk.sock.sendall(line.encode() + b'\r\n')
            talk.reply()
    except OSError:
        print('EOF')
        sys.exit(0)
