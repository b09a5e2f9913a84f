#!/usr/bin/env python3
# postscreen.py - many short conversations with postscreen, for two systems
#
#   postscreen.py services PORT TYPE DIR    master.cf lines: a service for each set of options
#   postscreen.py talk PORT DIR             hold them all; DIR/NAME.talk is what was said
#   postscreen.py compare T                 TAP, a line for each conversation and cache
#
# Each conversation comes from an address of its own, so that log lines and cache
# entries can be told apart. Lines are as in talk-tls.py, and "!close", "!again"
# (a new connection), "!sleep SECONDS".
import difflib
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings

warnings.simplefilter('ignore')

deep = ['postscreen_pipelining_enable=yes', 'postscreen_non_smtp_command_enable=yes',
        'postscreen_bare_newline_enable=yes']


def actions(word):
    return deep + ['postscreen_%s_action=%s' % (test, word)
                   for test in ('pipelining', 'non_smtp_command', 'bare_newline')]


services = {
    'plain': [],
    'acl': ['postscreen_access_list=permit_mynetworks, cidr:{{127.0.5.0/24 permit}, '
            '{127.0.6.0/24 reject}, {127.0.7.0/24 dunno}, {127.0.8.0/24 frob}}, permit'],
    'acl_e': ['postscreen_access_list=cidr:{{127.0.6.0/24 reject}}', 'postscreen_denylist_action=enforce'],
    'acl_d': ['postscreen_access_list=reject', 'postscreen_denylist_action=drop'],
    'veto': ['postscreen_allowlist_interfaces=!127.0.0.1 static:all',
             'postscreen_access_list=cidr:{{127.0.5.0/24 permit}}'],
    'pre_e': ['postscreen_greet_action=enforce'],
    'pre_d': ['postscreen_greet_action=drop', 'postscreen_reject_footer=\\c. Call us'],
    'pre_deep': deep + ['postscreen_greet_action=enforce'],
    'no_banner': ['postscreen_greet_banner='],
    'deep': deep,
    'deep_e': actions('enforce'), 'deep_d': actions('drop'), 'deep_i': actions('ignore'),
    'one': deep[:1],
    'helo': deep + ['postscreen_helo_required=yes', 'postscreen_disable_vrfy_command=yes',
                    'postscreen_forbidden_commands=FOO QUUX'],
    'filter': deep + ['postscreen_command_filter=static:{MAIL FROM:<f@x.test>}'],
    'foot': deep + ['postscreen_reject_footer=\\c. See $client_address $server_name $frob\\nAnd more'],
    'footm': deep + ['postscreen_reject_footer=foo', 'postscreen_reject_footer_maps=pcre:{{/^5/ from map}}'],
    'disc': deep + ['postscreen_discard_ehlo_keywords=vrfy,etrn'],
    'discm': deep + ['postscreen_discard_ehlo_keyword_address_maps=cidr:{{0.0.0.0/0 8bitmime}}'],
    'count': deep + ['postscreen_command_count_limit=3'],
    'clients': ['postscreen_client_connection_count_limit=1'],
    'soft': deep + ['soft_bounce=yes', 'postscreen_greet_action=enforce'],
    'off': ['myhostname=foo.test', 'smtpd_banner=$myhostname hi', 'smtputf8_enable=no',
            'message_size_limit=0', 'disable_vrfy_command=yes'] + deep,
    'bl': ['postscreen_dnsbl_sites=bl.test*2 bl2.test=127.0.0.[4..5]*3 bl2.test=127.0.0.10 wl.test*-2',
           'postscreen_dnsbl_threshold=3'],
    'bl_e': ['postscreen_dnsbl_sites=bl.test*2 bl2.test=127.0.0.[4..5]*3', 'postscreen_dnsbl_action=enforce',
             'postscreen_greet_action=enforce'],
    'bl_d': ['postscreen_dnsbl_sites=bl.test*2 bl2.test*3', 'postscreen_dnsbl_action=drop',
             'postscreen_dnsbl_reply_map=inline:{bl2.test=the.list}'],
    'bl_w': deep + ['postscreen_dnsbl_sites=wl.test*-2', 'postscreen_dnsbl_allowlist_threshold=-1',
                    'postscreen_greet_action=enforce'],
    'hap': ['postscreen_upstream_proxy_protocol=haproxy', 'postscreen_upstream_proxy_timeout=2s'],
    'tls': deep + ['postscreen_tls_security_level=may', 'postscreen_command_time_limit=4s'],
    'enc': deep + ['postscreen_tls_security_level=encrypt'],
    'none': ['postscreen_cache_map='],
}
names = list(services)

mail = 'MAIL FROM:<a@b.test>\nRCPT TO:<x@peer.example>\n'
rows = []


def row(name, service, text, address=None):
    rows.append((name, service, text.strip('\n').split('\n'),
                 address or '127.1.%d.%d' % (len(rows) // 200, len(rows) % 200 + 10)))


# ---- known, unknown, and gone ----
row('known', 'plain', '<<<\nQUIT\n<<<\n!again\n<<<\nQUIT\n<<<')
row('mail', 'plain', '<<<\nEHLO a.test\n' + mail + 'DATA\n>>>x\\r\\n.\\r\\n\n<<<\nQUIT\n<<<')
row('gone', 'plain', '!close')
row('uncached', 'none', '<<<\nQUIT\n<<<\n!again\n<<<\nQUIT\n<<<')
row('acl_mynet', 'acl', '<<<\nQUIT\n<<<', '127.0.0.1')
for i, word in enumerate(('permit', 'reject', 'dunno', 'frob')):
    row('acl_' + word, 'acl', '<<<\nQUIT\n<<<', '127.0.%d.1' % (i + 5))
row('acl_enforce', 'acl_e', '<<<\nEHLO x\n' + mail + 'QUIT\n<<<', '127.0.6.2')
row('acl_drop', 'acl_d', '<<<\n<<<')
row('veto', 'veto', '<<<\n>>>EHLO x\\nNOOP\\r\\n\n<<<\n<<<\n' + mail + 'Subject: x\n<<<')
row('veto_permit', 'veto', '<<<\nQUIT\n<<<', '127.0.5.2')

# ---- who cannot wait ----
for name, text in (('ehlo', '>>>EHLO x\\r\\n'), ('http', '>>>GET / HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n'),
                   ('bytes', '>>>\\0\\xff\\x7f\\t\\\\"\\r\\n'), ('long', '>>>' + 'y' * 3000 + '\\r\\n'),
                   ('group', '>>>EHLO x\\r\\nMAIL FROM:<q@b.test>\\r\\nRCPT TO:<q@x.test>\\r\\n')):
    for service in 'pre_e', 'pre_d', 'pre_deep':
        row('pre_%s_%s' % (name, service), service, text + '\n<<<\n!sleep 0.5\nNOOP\n' + mail + 'QUIT\n<<<')
row('pre_gone', 'pre_e', '>>>EHLO x\\r\\n\n<<<\nNOOP\n!close')
row('no_banner', 'no_banner', '<<<\nQUIT\n<<<')

# ---- commands ----
for name, text in (
        ('all', 'EHLO a.test\n' + mail + 'RSET\nNOOP\nVRFY x\nQUIT\n<<<\n!again\n<<<\nQUIT\n<<<'),
        ('quit', 'QUIT\n<<<'), ('norcpt', 'EHLO x\nMAIL FROM:<a@b.c>\nQUIT\n<<<'),
        ('gone', 'EHLO x\n' + mail + '!close'),
        ('data', 'HELO a.test\n' + mail + 'DATA\n<<<'), ('data2', 'DATA\n<<<'),
        ('data3', 'EHLO x\nMAIL FROM:<a@b>\nDATA\n<<<'), ('data4', 'EHLO x\nDATA x\n<<<'),
        ('bdat', 'EHLO x\nBDAT 3 LAST\n<<<'), ('bdat2', 'EHLO x\n' + mail + 'BDAT 3\n<<<'),
        ('syntax', 'EHLO\nHELO\nEHLO a b\nMAIL\nMAIL FROM\nMAIL FROM:\nMAIL FROM: x@y.test\nRCPT\nRCPT TO\n'
                   'RCPT TO:\nRCPT TO: frob\nRCPT frob\nRSET x\nNOOP a b\nVRFY\nVRFY a b\nETRN\nQUIT x\n<<<'),
        ('address', 'EHLO a\nMAIL FROM:<"a b"@y.test>\nMAIL FROM:<x@y>\nRCPT TO:<"x y"@z.test>\n'
                    'RCPT TO:<@a,@b:c@d.test>\nRCPT TO:<>\nRCPT TO:foo@x.test NOTIFY=NEVER\nHELO b.test\n'
                    'RCPT TO:<a@b.test>\nMAIL FROM:<a%b@c>\nRCPT TO:<a@[1.2.3.4]>\nRCPT TO: postmaster\n'
                    'RCPT TO:<A.B.@c>\nQUIT\n<<<'),
        ('unknown', 'AUTH PLAIN x\nSTARTTLS\nSTARTTLS x\nXCLIENT a=b\nHELP\nTURN\nETRN x\n>>>\\r\\n\n<<<\n'
                    'expn x\n  NOOP\nQUIT\n<<<'),
        ('reenter', 'EHLO x\n' + mail + '>>>NOOP\\n\n<<<\nSubject: x\n<<<'),
        ('split', '>>>EH\n!sleep 0.2\n>>>LO x\\r\n!sleep 0.2\n>>>\\n\n<<<\nQUIT\n<<<'),
        ('bytes', '>>>EHLO \\xff\\x01<>(\\r\\n\n<<<\nMAIL FROM:<a@b.c>\n>>>RCPT TO:<\\xff\\xfe@b.c>\\r\\n\n<<<\nQUIT\n<<<'),
        ('limit', 'EHLO x\n' + 'NOOP\n' * 20 + '<<<'),
        ('long', 'EHLO x\n>>>' + 'x' * 3000 + '\\r\\n\n<<<'),
        ('cr', '>>>EHLO x\\rNOOP\\r\\n\n<<<\nQUIT\n<<<')):
    row('cmd_' + name, 'deep', '<<<\n' + text)

# ---- what only others do ----
for service in 'deep', 'deep_e', 'deep_d', 'deep_i', 'one':
    for name, text in (
            ('pipe', '>>>EHLO x\\r\\nMAIL FROM:<a@b.test>\\r\\n\n<<<\n<<<\nRCPT TO:<x@peer.example>\nQUIT\n<<<'),
            ('header', 'EHLO x\nSubject: hello\n' + mail + 'QUIT\n<<<'),
            ('http', 'EHLO x\nGET / HTTP/1.0\n' + mail + 'QUIT\n<<<'),
            ('bare', '>>>EHLO x\\n\n<<<\n>>>MAIL FROM:<a@b.test>\\n\n<<<\nRCPT TO:<x@peer.example>\nQUIT\n<<<'),
            ('only', 'EHLO x\nFoo: x\nQUIT\n<<<')):
        row('%s_%s' % (service, name), service, '<<<\n' + text)

# ---- parameters ----
row('helo', 'helo', '<<<\nMAIL FROM:<a@b>\nVRFY x\nETRN x\nNOOP\nEHLO x\nGET b\nquux a\n<<<')
row('filter', 'filter', '<<<\nfoo\nbar\n!close')
row('foot', 'foot', '<<<\nEHLO x\n' + mail + 'FOO\nDATA\n<<<')
row('footm', 'footm', '<<<\nEHLO x\n' + mail + 'FOO\nQUIT\n<<<')
row('disc', 'disc', '<<<\nEHLO x\nVRFY x\nETRN x\nQUIT\n<<<')
row('discm', 'discm', '<<<\nEHLO x\nQUIT\n<<<')
row('count', 'count', '<<<\nEHLO x\nNOOP\nNOOP\nNOOP\n<<<')
row('soft', 'soft', '>>>EHLO x\\r\\n\n<<<\n' + mail + 'FOO\nDATA\n<<<')
row('off', 'off', '<<<\nHELO x\nEHLO x\nQUIT\n<<<')

# ---- DNS lists ----
for service in 'bl', 'bl_e', 'bl_d', 'bl_w':
    for n in 2, 3, 4:
        row('%s_%d' % (service, n), service, '<<<\nEHLO x\n' + mail + 'QUIT\n<<<', '127.0.2.%d' % n)

# ---- a load balancer in front ----
row('hap4', 'hap', '>>>PROXY TCP4 127.9.9.1 127.9.9.2 1234 25\\r\\n\n<<<\nQUIT\n<<<', '127.9.9.1')
row('hap6', 'hap', '>>>PROXY TCP6 2001:db8::7 2001:db8::1 1234 25\\r\\n\n<<<\nQUIT\n<<<')
row('hap_bad', 'hap', '>>>PROXY FOO\\r\\n\n<<<')
row('hap_none', 'hap', '<<<')

# ---- TLS ----
row('tls', 'tls', '<<<\nEHLO x\nSTARTTLS\n!tls\nEHLO x\nSTARTTLS\n' + mail + 'QUIT\n<<<')
row('tls_gone', 'tls', '<<<\nEHLO x\nSTARTTLS\n!close')
row('tls_bad', 'tls', '<<<\nEHLO x\nSTARTTLS\n>>>no handshake at all\\r\\n\n<<<')
row('tls_deep', 'tls', '<<<\nEHLO x\nSTARTTLS\n!tls\n>>>EHLO x\\nNOOP\\r\\nSubject: x\\r\\n\n<<<\n<<<\n<<<')
row('tls_data', 'tls', '<<<\nEHLO x\nSTARTTLS\n!tls\nDATA\n<<<')
row('tls_wait', 'tls', '<<<\nEHLO x\nSTARTTLS\n<<<')
row('enc', 'enc', '<<<\nEHLO x\n' + mail + 'VRFY x\nNOOP\nRSET\nETRN x\nFOO\nDATA\nBDAT 1\nQUIT\n<<<')
row('enc_tls', 'enc', '<<<\nEHLO x\nSTARTTLS\n!tls\nEHLO x\n' + mail + 'QUIT\n<<<')


class Talk:
    def __init__(self, port, source):
        self.port, self.source, self.said = port, source, []
        self.connect()

    def connect(self):
        self.sock = socket.create_connection(('127.0.0.1', self.port), 25, (self.source, 0))
        self.left = b''

    def reply(self):
        self.sock.settimeout(20)
        while True:
            while b'\n' not in self.left:
                try:
                    data = self.sock.recv(65536)
                except socket.timeout:
                    self.said.append('TIMEOUT')
                    return False
                except OSError:
                    data = b''
                if not data:
                    self.said.append('EOF')
                    return False
                self.left += data
            line, self.left = self.left.split(b'\n', 1)
            line = line.decode('latin1').rstrip('\r')
            self.said.append('S: ' + line)
            if line[3:4] != '-':
                return True

    def tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            self.sock = context.wrap_socket(self.sock)
            self.said.append('TLS ' + self.sock.version())
            return True
        except OSError:
            self.said.append('TLS failed')
            return False

    def step(self, line):
        if line == '<<<':
            return self.reply()
        if line == '!close':
            self.sock.close()
        elif line == '!again':
            self.connect()
        elif line == '!tls':
            return self.tls()
        elif line.startswith('!sleep'):
            time.sleep(float(line.split()[1]))
        elif line.startswith('>>>'):
            self.sock.sendall(line[3:].encode().decode('unicode_escape').encode('latin1'))
        else:
            self.said.append('C: ' + line)
            self.sock.sendall(line.encode() + b'\r\n')
            return self.reply()
        return True

    # What was sent to a server that has hung up may or may not be noticed.
    def run(self, lines):
        ok = True
        for line in lines:
            if not ok and line != '!again':
                continue
            try:
                ok = self.step(line)
            except OSError:
                self.said.append('EOF')
                ok = False
            if not ok and self.said[-1] == 'EOF' and len(self.said) > 1 and self.said[-2].startswith('C: '):
                del self.said[-2]
        self.sock.close()


def talk(port, directory):
    def one(name, service, lines, address):
        t = Talk(port + names.index(service), address)
        t.run(lines)
        with open('%s/%s.talk' % (directory, name), 'w') as f:
            f.write('\n'.join(t.said) + '\n')
    threads = [threading.Thread(target=one, args=r) for r in rows]
    for t in threads:
        t.start()
        time.sleep(0.005)
    for t in threads:
        t.join()


def print_services(port, table, directory):
    print('smtpd pass - - n - - smtpd\ndnsblog unix - - n - 0 dnsblog\ntlsproxy unix - - n - 0 tlsproxy')
    for i, name in enumerate(names):
        print('127.0.0.1:%d inet n - n - 1 postscreen -o syslog_name=%s' % (port + i, name))
        if 'postscreen_cache_map=' not in services[name]:
            print('  -o postscreen_cache_map=%s:%s/ps_%s' % (table, directory, name))
        for option in services[name]:
            print('  -o {', option, '}')


# ---- comparison ----

def said(path):
    try:
        text = open(path, errors='replace').read()
    except OSError:
        return ['(nothing)']
    return re.sub(r'queued as \w+', 'queued as QID', text).splitlines()


# Log lines of each client and service.
def logged(path):
    lines = {}
    for line in open(path, errors='replace'):
        m = re.match(r'.{15} \S+ (\w+)/(postscreen|tlsproxy)\[\d+\]: (.*)', line)
        if not m or 'TLS library problem' in line or 'read/write timeout' in line:
            continue
        where = re.search(r'\[([0-9a-f.:]+)\]:?(\d+)', m.group(3))
        if not where:
            continue
        text = m.group(3).replace(where.group(2), 'PORT')
        text = re.sub(r':\d{5}$', ':PORT', re.sub(r'after [0-9.]+ from', 'after T from', text))
        who = m.group(2) if m.group(2) == 'tlsproxy' else m.group(1)
        lines.setdefault((who, where.group(1)), []).append(text)
    return lines


# Cache entries, each time as what it is away from now, in minutes.
def cached(path):
    entries, now = set(), time.time()
    for line in open(path):
        key, value = line.rstrip('\n').split('\t')
        if key.startswith('_'):
            continue
        entries.add(key + ' ' + ';'.join(
            n if len(n) < 5 else str(round((int(n) - now) / 60 + 0.4)) + 'm' for n in value.split(';')))
    return sorted(entries)


def result(ok, name, peer, ours):
    print('%sok - %s' % ('' if ok else 'not ', name))
    if not ok:
        for line in difflib.unified_diff(peer, ours, 'peer', 'ours', lineterm='', n=1):
            print('#   ' + line[:200])


def compare(top):
    peer_log, our_log = logged(top + '/peer/log/maillog'), logged(top + '/ours/log/mail.log')
    for name, service, lines, address in rows:
        peer, ours = (said('%s/%s-said/%s.talk' % (top, side, name)) for side in ('peer', 'ours'))
        for who in service, 'tlsproxy':
            peer += peer_log.get((who, address), [])
            ours += our_log.get((who, address), [])
        result(peer == ours, name, peer, ours)
    for name in names:
        path = '%s/%%s-said/%s.cache' % (top, name)
        if os.path.exists(path % 'peer'):
            peer, ours = cached(path % 'peer'), cached(path % 'ours')
            result(peer == ours, 'what %s has cached' % name, peer, ours)


if sys.argv[1] == 'services':
    print_services(int(sys.argv[2]), sys.argv[3], sys.argv[4])
elif sys.argv[1] == 'talk':
    talk(int(sys.argv[2]), sys.argv[3])
elif sys.argv[1] == 'names':
    print('\n'.join(names))
else:
    compare(sys.argv[2])
