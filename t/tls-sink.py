#!/usr/bin/env python3
# tls-sink.py DIR - SMTP servers that play fair, or not, for tests of a client
#
# Reads lines "NAME PORT [KEY=VALUE ...]" from standard input, one server each,
# says "ready" on standard output, and serves until its input ends. What
# a client says to NAME goes to DIR/NAME, one line each: "C: ..." a command,
# "TLS VERSION sni=... subject=..." a handshake, "BODY n" a message of n lines.
#
#   cert= key= ca=      our certificate; with ca, clients are asked for one
#   min= max=           versions of the ssl module ("TLSv1_2")
#   offer=no            STARTTLS is not offered
#   starttls=TEXT       answer to STARTTLS, "_" for blanks; without 220 no handshake; "close"
#   handshake=close     hang up, "garbage" or "stall" instead of shaking hands
#   once=yes            only the first connection is treated so; later ones offer nothing
#   wrap=yes            TLS before the greeting
#   resume=yes          sessions can go on in another connection
#   inject=TEXT         sent in the clear behind the answer to STARTTLS; "^" ends a line
#   inside=no           after the handshake refuse EHLO
#   early=TEXT          after the handshake, sent behind the answer to EHLO
#   lmtp=yes            LHLO, and a reply for each recipient
#   mail=TEXT           answer to MAIL
import os
import socket
import ssl
import subprocess
import sys
import threading
import warnings

warnings.simplefilter('ignore')


class Session:
    def __init__(self, server, sock, is_first):
        self.server, self.sock, self.left = server, sock, b''
        self.options = server.options
        self.is_odd = is_first or 'once' not in self.options

    def note(self, text):
        with open(self.server.path, 'a') as f:
            f.write(text + '\n')

    def option(self, key, default=None):
        return self.options.get(key, default) if self.is_odd else default

    def say(self, *lines):
        self.sock.sendall(''.join(line + '\r\n' for line in lines).encode())

    def line(self):
        while b'\n' not in self.left:
            data = self.sock.recv(65536)
            if not data:
                return None
            self.left += data
        line, self.left = self.left.split(b'\n', 1)
        return line.decode('latin1').rstrip('\r')

    def make_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers('ALL:@SECLEVEL=0')
        if 'cert' in self.options:
            context.load_cert_chain(self.options['cert'], self.options['key'])
        if 'ca' in self.options:
            context.load_verify_locations(self.options['ca'])
            context.verify_mode = ssl.CERT_OPTIONAL
        for key, name in ('min', 'minimum_version'), ('max', 'maximum_version'):
            if key in self.options:
                setattr(context, name, getattr(ssl.TLSVersion, self.options[key]))
        return context

    def shake_hands(self):
        how = self.option('handshake')
        if how is not None:
            if how == 'garbage':
                self.sock.sendall(b'this is not TLS\r\n')
            # What is unread at the end would be answered with a reset.
            while self.sock.recv(65536) and how != 'close':
                pass
            self.sock.close()
            return False
        names = []
        context = self.server.context or self.make_context()
        if 'resume' in self.options:
            self.server.context = context
        context.sni_callback = lambda _sock, name, _context: names.append(name)
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except (OSError, ssl.SSLError):
            self.note('TLS failed')
            return False
        der = self.sock.getpeercert(True) if 'ca' in self.options else None
        subject = '-' if der is None else subprocess.run(
            ['openssl', 'x509', '-inform', 'der', '-noout', '-subject'],
            input=der, capture_output=True).stdout.decode().strip()
        self.note('TLS %s sni=%s %s' % (self.sock.version(), names[0] if names else None, subject))
        self.left = b''
        return True

    def hello(self, is_encrypted):
        if is_encrypted and self.option('inside') == 'no':
            self.say('550 5.5.0 not inside')
            return
        lines = ['250-sink.example', '250-PIPELINING', '250-8BITMIME']
        offers = 'offer' not in self.options and (self.is_odd or 'cert' not in self.options)
        if not is_encrypted and offers:
            lines.append('250-STARTTLS')
        lines.append('250 ENHANCEDSTATUSCODES')
        if is_encrypted and self.option('early') is not None:
            lines.append(self.option('early').replace('_', ' '))
        self.say(*lines)

    def body(self):
        count = 0
        while True:
            line = self.line()
            if line is None:
                return False
            if line == '.':
                break
            count += 1
        self.note('BODY %d' % count)
        return True

    def run(self):
        is_encrypted = False
        recipients = 0
        if 'wrap' in self.options:
            if not self.shake_hands():
                return
            is_encrypted = True
        self.say('220 sink.example ESMTP')
        while True:
            line = self.line()
            if line is None:
                return
            self.note('C: ' + line)
            verb = line[:4].upper()
            if verb in ('EHLO', 'LHLO'):
                self.hello(is_encrypted)
            elif verb == 'STAR':
                text = self.option('starttls', '220_2.0.0_go_ahead').replace('_', ' ')
                if text == 'close':
                    return
                self.sock.sendall(text.encode() + b'\r\n' +
                                  self.option('inject', '').replace('_', ' ').encode().replace(b'^', b'\r\n'))
                if text.startswith('220'):
                    if not self.shake_hands():
                        return
                    is_encrypted = True
            elif verb == 'DATA':
                self.say('354 go ahead')
                if not self.body():
                    return
                for _ in range(recipients if 'lmtp' in self.options else 1):
                    self.say('250 2.0.0 taken')
                recipients = 0
            elif verb == 'QUIT':
                self.say('221 2.0.0 bye')
                return
            elif verb == 'MAIL':
                self.say(self.option('mail', '250_2.1.0_ok').replace('_', ' '))
            else:
                recipients += verb == 'RCPT'
                self.say('250 2.0.0 ok')


class Server(threading.Thread):
    def __init__(self, name, port, options):
        super().__init__(daemon=True)
        self.path = os.path.join(sys.argv[1], name)
        self.options = options
        self.context = None
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(('127.0.0.1', port))
        self.listener.listen(20)
        open(self.path, 'w').close()

    def run(self):
        is_first = True
        while True:
            sock, _ = self.listener.accept()
            sock.settimeout(60)
            threading.Thread(target=self.serve, args=(sock, is_first), daemon=True).start()
            is_first = False

    def serve(self, sock, is_first):
        session = Session(self, sock, is_first)
        try:
            session.run()
        except OSError:
            pass
        session.sock.close()


def main():
    for line in sys.stdin:
        words = line.split()
        if not words:
            break
        Server(words[0], int(words[1]), dict(w.split('=', 1) for w in words[2:])).start()
    print('ready', flush=True)
    for line in sys.stdin:
        pass


main()
