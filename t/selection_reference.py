#!/usr/bin/env python3
"""selection_reference.py - random messages, and what selections mean of them

    selection_reference.py SPOOL SEED COUNT

Writes COUNT messages with random envelopes into the queue directory SPOOL and
prints one selection a line, a tab, "all" or "told" (does it look only at what
a listing service tells?), a tab, and the IDs that it means, sorted. The
meaning is worked out from what the messages were made of, in the plainest way
there is: nothing of the program under test is used.
"""
import datetime
import ipaddress
import os
import random
import re
import sys
import time

HOUR = 3600
DOMAINS = ['example.com', 'sub.example.com', 'Mail.Example.org', 'odd.test',
           'b.example.net']
LOCALS = ['ann', 'Bob', 'carol+x', 'd.e', 'first last']
QUEUES = ['incoming', 'active', 'deferred', 'hold', 'maildrop']
REASONS = [     # text, enhanced code, class, code, relay, address, suspended
    ('', '', 'none', None, '', '', 0),
    ('connect to a.example[192.0.2.1]:25: Connection timed out', '4.4.1',
     'timeout', None, 'a.example', '192.0.2.1', 0),
    ('host mx.b.example[192.0.2.77] said: 421 4.7.0 too many connections '
     '(in reply to MAIL FROM command)', '4.7.0', 'throttle', 421,
     'mx.b.example', '192.0.2.77', 0),
    ('host mx.c.example[2001:db8::3] said: 452 4.2.2 mailbox is over quota '
     '(in reply to RCPT TO command)', '4.2.2', 'mailbox-full', 452,
     'mx.c.example', '2001:db8::3', 0),
    ('delivery temporarily suspended: connect to d.example[198.51.100.4]:25: '
     'Connection refused', '4.4.1', 'connect', None, 'd.example',
     '198.51.100.4', 1),
]


def rec(kind, data=b''):
    if isinstance(data, str):
        data = data.encode()
    out, n = kind.encode(), len(data)
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return out + data


def quoted(address):
    local, at, domain = address.rpartition('@')
    return '"%s"@%s' % (local, domain) if ' ' in local else address


class Message:
    def __init__(self, rng, now, number):
        self.queue = rng.choice(QUEUES)
        self.usec = rng.randrange(1000000)
        self.age = rng.randrange(0, 150) * HOUR + rng.randrange(900, 2700)
        self.arrived = now - self.age
        self.sender = rng.choice(['', 'double-bounce@host.example'] + [
            rng.choice(LOCALS) + '@' + rng.choice(DOMAINS)] * 6)
        self.rcpts = []
        for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):
            address = rng.choice(LOCALS) + '@' + rng.choice(DOMAINS)
            if any(r['addr'].lower() == address.lower() for r in self.rcpts):
                continue
            reason = rng.choice(REASONS)
            self.rcpts.append({
                'addr': address, 'reason': reason,
                'orig': rng.choice([address, 'Alias@example.com']),
                'notify': rng.choice([0, 0, 1, 6])})
        self.done = rng.randrange(3)
        self.text = {'sasl': rng.choice(['', 'joe', 'Jane']),
                     'sasl.method': rng.choice(['', 'plain']),
                     'client': rng.choice(['', 'mx.test', 'client.example']),
                     'helo': rng.choice(['', 'hello.test']),
                     'proto': rng.choice(['SMTP', 'ESMTP']),
                     'filter': rng.choice(['', 'scan:[127.0.0.1]:10025']),
                     'redirect': rng.choice(['', 'all@example.com']),
                     'envid': rng.choice(['', 'E77']),
                     'encoding': rng.choice(['7bit', '8bit'])}
        self.address = rng.choice(['', '192.0.2.9', '203.0.113.200',
                                   '2001:db8::25'])
        self.probe = rng.random() < .1
        self.smtputf8 = rng.random() < .1
        self.expired = rng.random() < .1
        self.next = now + rng.randrange(1, 50) * HOUR + 1800 \
            if rng.random() < .5 else now - 100
        self.headers = [('Received', 'by x (y, from userid 1%03d)' % number)]
        self.headers += [('Received', 'from a by b')] * rng.randrange(3)
        if rng.random() < .8:
            self.headers.append(('Subject', rng.choice(
                ['Invoice 77', 'hello', '=?utf-8?q?caf=C3=A9?='])))
        for _ in range(rng.randrange(3)):
            self.headers.append(('To', rng.choice(['one@x.test', 'two@x.test'])))
        if rng.random() < .5:
            self.headers.append(('List-Id', '<news.example>'))
        self.body = rng.choice(['please pay\n', 'Hello there\n'])
        self.file_name = rng.choice(['', '', 'report.pdf'])

    def write(self, spool):
        content = self.headers[:]
        lines = []
        if self.file_name:
            content += [('MIME-Version', '1.0'),
                        ('Content-Type', 'multipart/mixed; boundary=q')]
            lines = ['--q', '', self.body.rstrip('\n'), '--q',
                     'Content-Type: application/pdf',
                     'Content-Disposition: attachment; filename="%s"'
                     % self.file_name, '', 'x', '--q--']
        else:
            lines = self.body.rstrip('\n').split('\n')
        text = b''.join(rec('N', '%s: %s' % h) for h in content) + rec('N') + \
            b''.join(rec('N', line) for line in lines)
        env = rec('T', '%d 5' % self.arrived)
        env += rec('A', 'create_time=%d' % self.arrived)
        for name, value in (
                ('log_client_name', self.text['client']),
                ('log_client_address', ('IPv6:' if ':' in self.address else '')
                 + self.address),
                ('log_helo_name', self.text['helo']),
                ('log_protocol_name', self.text['proto']),
                ('sasl_username', self.text['sasl']),
                ('sasl_method', self.text['sasl.method']),
                ('envelope_id', self.text['envid']),
                ('encoding', self.text['encoding']),
                ('trace_flags', '256' if self.probe else '')):
            if value:
                env += rec('A', '%s=%s' % (name, value))
        if self.text['filter']:
            env += rec('L', self.text['filter'])
        if self.text['redirect']:
            env += rec('>', self.text['redirect'])
        env += rec('S', self.sender)
        for r in self.rcpts:
            if r['orig'] != r['addr']:
                env += rec('O', r['orig'])
            if r['notify']:
                env += rec('A', 'notify_flags=%d' % r['notify'])
            env += rec('R', r['addr'])
        env += b''.join(rec('D', 'd%d@done.test' % i) for i in range(self.done))
        env += rec('M')
        self.size = len(text)
        data = rec('C', '%15d %15d %15d %15d %15d %15d' % (
            len(text), 97 + len(env), len(self.rcpts), 0, len(text),
            1 if self.smtputf8 else 0)) + env + text + rec('X') + rec('E')
        first = os.path.join(spool, self.queue, 'new')
        with open(first, 'wb') as f:
            f.write(data)
            self.id = '%05X%X' % (self.usec, os.fstat(f.fileno()).st_ino)
        where = os.path.join(spool, self.queue,
                             self.id[0] if self.queue == 'deferred' else '')
        os.makedirs(where, 0o700, exist_ok=True)
        path = os.path.join(where, self.id)
        os.rename(first, path)
        os.chmod(path, 0o710 if self.expired else 0o700)
        os.utime(path, (self.next, self.next))
        self.filesize = len(data)
        log = ''.join('\nrecipient=%s\nstatus=%s\naction=delayed\nreason=%s\n\n'
                      % (quoted(r['addr']), r['reason'][1], r['reason'][0])
                      for r in self.rcpts if r['reason'][0])
        if log:
            where = os.path.join(spool, 'defer', self.id[0])
            os.makedirs(where, 0o700, exist_ok=True)
            with open(os.path.join(where, self.id), 'w') as f:
                f.write(log)
            os.chmod(f.name, 0o600)


# ---- fields: values of a message, or of one recipient ----

def domain(address):
    return address.rpartition('@')[2] if '@' in address else ''


def local(address):
    return address.rpartition('@')[0] if '@' in address else address


def header(m, name):
    return [v if v != '=?utf-8?q?caf=C3=A9?=' else 'caf\u00e9'
            for n, v in m.headers if n.lower() == name]


def waits(m):
    return m.queue in ('deferred', 'incoming') and m.next > m.now


def duration(m):
    return m.next - m.now if waits(m) else 0


NOTIFY = {0: '', 1: 'never', 6: 'success,failure'}
FIELDS = {      # name: (type, told, function of message)
    'id': ('exact', 1, lambda m: [m.id]),
    'queue': ('enum', 1, lambda m: [m.queue]),
    'next': ('time', 0, lambda m: [m.next] if waits(m) else []),
    'wait': ('duration', 0, lambda m: [duration(m)]),
    'filesize': ('size', 0, lambda m: [m.filesize]),
    'age': ('duration', 1, lambda m: [m.age]),
    'arrived': ('time', 1, lambda m: [m.arrived]),
    'sender': ('address', 1, lambda m: [m.sender]),
    'sender.local': ('text', 1, lambda m: [local(m.sender)]),
    'sender.domain': ('domain', 1, lambda m: [domain(m.sender)]),
    'nrcpt': ('number', 1, lambda m: [len(m.rcpts)]),
    'ndone': ('number', 0, lambda m: [m.done]),
    'size': ('size', 1, lambda m: [m.size]),
    'client.addr': ('ip', 0, lambda m: [m.address]),
    'submitter': ('text', 0, lambda m: ['1' + header(m, 'received')[0][-4:-1]]),
    'subject': ('header', 0, lambda m: header(m, 'subject')),
    'to': ('header', 0, lambda m: header(m, 'to')),
    'header("List-Id")': ('header', 0, lambda m: header(m, 'list-id')),
    'nreceived': ('number', 0, lambda m: [len(header(m, 'received'))]),
    'parts': ('number', 0, lambda m: [2 if m.file_name else 1]),
    'attachment': ('header', 0,
                   lambda m: [m.file_name] if m.file_name else []),
    # The line end before a boundary belongs to the boundary.
    'body': ('text', 0, lambda m: [m.body.rstrip('\n') if m.file_name
                                   else m.body]),
}
for _name in ('sasl', 'sasl.method', 'client', 'helo', 'proto', 'filter',
              'redirect', 'envid', 'encoding'):
    FIELDS[_name] = ('text', 0, lambda m, n=_name: [m.text[n]])
RCPT = {        # name: (name inside a quantifier, type, told, function)
    'rcpt': ('addr', 'address', 1, lambda r: [r['addr']]),
    'rcpt.local': ('local', 'text', 1, lambda r: [local(r['addr'])]),
    'rcpt.domain': ('domain', 'domain', 1, lambda r: [domain(r['addr'])]),
    'rcpt.orig': ('orig', 'address', 0, lambda r: [r['orig']]),
    'notify': ('notify', 'text', 0, lambda r: [NOTIFY[r['notify']]]),
    'reason': ('reason', 'text', 1, lambda r: [r['reason'][0]]),
    'class': ('class', 'enum', 0, lambda r: [r['reason'][2]]),
    'dsn': ('dsn', 'text', 0, lambda r: [r['reason'][1]]),
    'code': ('code', 'number', 1,
             lambda r: [r['reason'][3]] if r['reason'][3] else []),
    'relay': ('relay', 'text', 1, lambda r: [r['reason'][4]]),
    'relay.domain': ('relay.domain', 'domain', 1, lambda r: [r['reason'][4]]),
    'relay.addr': ('relay.addr', 'ip', 1, lambda r: [r['reason'][5]]),
}
FLAGS = {
    'due': (0, lambda m: m.queue in ('deferred', 'incoming') and not waits(m)),
    'held': (1, lambda m: m.queue == 'hold'),
    'bounce': (1, lambda m: m.sender == ''),
    'expired': (1, lambda m: m.expired),
    'late': (1, lambda m: m.age >= 4 * HOUR),
    'dying': (1, lambda m: m.age >= 108 * HOUR),
    'smtputf8': (0, lambda m: m.smtputf8),
    'damaged': (0, lambda m: False),
    'logged': (0, lambda m: any(r['reason'][0] for r in m.rcpts)),
    'double': (1, lambda m: m.sender.startswith('double-bounce')),
    'probe': (0, lambda m: m.probe),
    'local': (0, lambda m: m.address == ''),
    'suspended': (1, lambda m: any(r['reason'][6] for r in m.rcpts)),
}


# ---- tests: text of a test, and a function from values to truth ----

def quote(text):
    return '"%s"' % text.replace('\\', '\\\\').replace('"', '\\"').replace(
        '\n', '\\n')


def utc(seconds):
    return datetime.datetime.fromtimestamp(
        seconds, datetime.timezone.utc).strftime('"%Y-%m-%dT%H:%M:%SZ"')


def comparisons(rng, pool, show, kind):
    a, b = sorted((rng.choice(pool), rng.choice(pool)))
    if kind in ('duration',):   # no second may pass between two looks
        a, b = a // HOUR * HOUR, (b // HOUR + 1) * HOUR
    some = lambda f: lambda vs: any(f(v) for v in vs)
    tests = [('< ' + show(a), some(lambda v: v < a)),
             ('<= ' + show(b), some(lambda v: v <= b)),
             ('> ' + show(a), some(lambda v: v > a)),
             ('>= ' + show(b), some(lambda v: v >= b)),
             ('between %s and %s' % (show(a), show(b)),
              some(lambda v: a <= v <= b))]
    if kind != 'duration':
        tests += [('= ' + show(a), some(lambda v: v == a)),
                  ('!= ' + show(a), some(lambda v: v != a)),
                  ('in (%s, %s)' % (show(a), show(b)),
                   some(lambda v: v in (a, b))),
                  ('not in (%s)' % show(a), some(lambda v: v != a))]
    return tests


def tests_of(rng, kind, pool):
    """Operator and value as text, and what it means of a list of values."""
    if not pool:
        return []
    if kind in ('number', 'size'):
        return comparisons(rng, pool, str, kind)
    if kind == 'duration':
        return comparisons(rng, pool, lambda v: '%dh' % (v // HOUR), kind)
    if kind == 'time':
        return comparisons(rng, pool, utc, kind)
    value = rng.choice(pool)
    absent = kind == 'header'
    some = lambda f: lambda vs: any(f(v) for v in vs)
    # A header that is not there is different from any text.
    other = lambda f: lambda vs: any(not f(v) for v in vs) or \
        (absent and not vs)
    if kind == 'ip':
        nets = ['192.0.2.0/24', '2001:db8::/32', '203.0.113.200']
        net = ipaddress.ip_network(rng.choice(nets))
        inside = lambda v: v != '' and ipaddress.ip_address(v) in net
        tests = [('in (%s)' % net, some(inside)),
                 ('not in (%s)' % net, other(inside))]
        if value:
            same = lambda v: v == value
            tests += [('= ' + value, some(same)), ('!= ' + value, other(same))]
        return tests
    fold = (lambda v: v) if kind == 'exact' else str.lower
    same = lambda v: fold(v) == fold(value)
    show = quote(value) if kind != 'address' or value else '<>'
    if kind == 'enum':
        return [('= ' + value, some(same)), ('!= ' + value, other(same)),
                ('in (%s)' % value, some(same)),
                ('not in (%s)' % value, other(same))]
    piece = value[1:5] if kind != 'address' or value else '<>'
    seen = (lambda v: v or '<>') if kind == 'address' else (lambda v: v)
    found = lambda v: re.search(re.escape(piece), seen(v), re.I) is not None
    pattern = '/%s/' % re.escape(piece).replace('/', '\\/')
    tests = [('= ' + show, some(same)), ('!= ' + show, other(same)),
             ('in (%s)' % show, some(same)),
             ('not in (%s)' % show, other(same)),
             ('~ ' + pattern, some(found)), ('=~ ' + pattern, some(found)),
             ('!~ ' + pattern, other(found)),
             ('~ %sc' % pattern, some(lambda v: piece in seen(v)))]
    if kind == 'domain':
        parent = value.split('.', 1)[-1] or 'example'
        tests.append(('under ' + quote(parent), some(
            lambda v: v.lower() == parent.lower() or
            v.lower().endswith('.' + parent.lower()))))
    if kind in ('text', 'header') and re.fullmatch(r'[\w.:@+-]{3,}', value):
        glob = value[:2] + '*'
        tests.append(('= ' + glob, some(
            lambda v: v.lower().startswith(value[:2].lower()))))
    return tests


def message_tests(rng, messages):
    for name, (kind, told, values) in FIELDS.items():
        pool = [v for m in messages for v in values(m)]
        for text, means in tests_of(rng, kind, pool):
            yield '%s %s' % (name, text), told, \
                lambda m, f=means, g=values: f(g(m))
    for name, (told, means) in FLAGS.items():
        yield name, told, means
        yield 'not is ' + name, told, lambda m, f=means: not f(m)
    for name, (inner, kind, told, values) in RCPT.items():
        pool = [v for m in messages for r in m.rcpts for v in values(r)]
        for text, means in tests_of(rng, kind, pool):
            holds = lambda r, f=means, g=values: f(g(r))
            yield '%s %s' % (name, text), told, \
                lambda m, h=holds: any(h(r) for r in m.rcpts)
            yield 'all rcpt (%s %s)' % (inner, text), told, \
                lambda m, h=holds: all(h(r) for r in m.rcpts)
            yield 'no rcpt (%s %s)' % (inner, text), told, \
                lambda m, h=holds: not any(h(r) for r in m.rcpts)


def pair_tests(rng, messages):
    """Tests tied to one recipient."""
    names = list(RCPT)
    for _ in range(60):
        one, two = rng.choice(names), rng.choice(names)
        pick = []
        for name in (one, two):
            inner, kind, told, values = RCPT[name]
            pool = [v for m in messages for r in m.rcpts for v in values(r)]
            text, means = rng.choice(tests_of(rng, kind, pool))
            pick.append(('%s %s' % (inner, text), told,
                         lambda r, f=means, g=values: f(g(r))))
        word = rng.choice(['and', 'or'])
        join = all if word == 'and' else any
        yield 'any rcpt (%s %s %s)' % (pick[0][0], word, pick[1][0]), \
            pick[0][1] and pick[1][1], \
            lambda m, p=pick, j=join: any(
                j(f(r) for _, _, f in p) for r in m.rcpts)


def trees(rng, tests, count):
    def tree(depth):
        if depth == 0 or rng.random() < .2:
            return rng.choice(tests)
        kind = rng.choice(['and', 'or', 'not'])
        a = tree(depth - 1)
        if kind == 'not':
            return 'not (%s)' % a[0], a[1], lambda m: not a[2](m)
        b = tree(depth - 1)
        join = (lambda m: a[2](m) and b[2](m)) if kind == 'and' else \
            (lambda m: a[2](m) or b[2](m))
        return '(%s) %s (%s)' % (a[0], kind, b[0]), a[1] and b[1], join
    for _ in range(count):
        yield tree(3)


def main():
    spool, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    now = int(time.time())
    messages = [Message(rng, now, i) for i in range(count)]
    for m in messages:
        m.now = now
        m.write(spool)
    tests = list(message_tests(rng, messages))
    tests += list(pair_tests(rng, messages))
    tests += list(trees(rng, tests, 100))
    for text, told, means in tests:
        ids = sorted(m.id for m in messages if means(m))
        print('%s\t%s\t%s' % (text, 'told' if told else 'all', ' '.join(ids)))


main()
