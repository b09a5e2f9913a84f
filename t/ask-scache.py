#!/usr/bin/python3
"""ask-scache.py SOCKET - talk to a connection cache, one request a line

    endp TTL LABEL PROPERTY     save a new connection under this label
    dest TTL LABEL PROPERTY ENDPOINT
    endp? LABEL, dest? LABEL    look one up
    drop N                      close our end of connection N (from 1)
    sleep SECONDS               let time pass
    raw NAME=VALUE ...          a list of these

Prints each reply; a connection that came back is named by its number. At the
end it is said which connections the cache has closed by then.
"""
import array, socket, sys, time


class Cache:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(10)
        self.s.connect(path)
        self.data = b''
        self.ours = []

    def text(self):
        while b'\0' not in self.data:
            got = self.s.recv(4096)
            if not got:
                raise EOFError
            self.data += got
        text, self.data = self.data.split(b'\0', 1)
        return text.decode()

    def list(self):
        pairs = []
        while True:
            name = self.text()
            if name == '':
                return pairs
            pairs.append((name, self.text()))

    def send(self, *pairs):
        self.s.sendall(b''.join(f'{n}\0{v}\0'.encode() for n, v in pairs) + b'\0')

    def show(self, reply):
        print(' | '.join(f'{n}={v}' for n, v in reply))

    def offer(self):
        ours, theirs = socket.socketpair()
        self.ours.append(ours)
        socket.send_fds(self.s, [b'\0'], [theirs.fileno()])
        theirs.close()

    def receive(self):
        self.send(('dummy', ''))
        data, fds, flags, addr = socket.recv_fds(self.s, 1, 1)
        self.send(('dummy', ''))
        if not fds:
            return 'no descriptor'
        got = socket.socket(fileno=fds[0])
        try:
            got.sendall(b'hello')
        except BrokenPipeError:
            return 'one that was dropped'
        for i, s in enumerate(self.ours):
            if s is None:
                continue
            s.settimeout(0.2)
            try:
                if s.recv(100) == b'hello':
                    return f'connection {i + 1}'
            except (TimeoutError, ConnectionError):
                pass
        return 'an unknown connection'

    def do(self, word, *args):
        if word == 'sleep':
            time.sleep(float(args[0]))
        elif word == 'drop':
            self.ours[int(args[0]) - 1].close()
            self.ours[int(args[0]) - 1] = None
        elif word == 'raw':
            self.send(*(a.split('=', 1) for a in args))
            self.show(self.list())
        elif word == 'endp':
            self.send(('request', 'save_endp'), ('ttl', args[0]), ('label', args[1]), ('property', args[2]))
            reply = self.list()
            if reply == [('dummy', '')]:
                self.offer()
                reply = self.list()
            self.show(reply)
        elif word == 'dest':
            self.send(('request', 'save_dest'), ('ttl', args[0]), ('label', args[1]), ('property', args[2]),
                      ('label', args[3]))
            self.show(self.list())
        elif word in ('endp?', 'dest?'):
            self.send(('request', 'find_' + word[:4]), ('label', args[0]))
            reply = self.list()
            self.show(reply)
            if reply[0] == ('status', '0'):
                print(self.receive())

    def closed(self):
        names = []
        for i, s in enumerate(self.ours):
            if s is None:
                continue
            s.settimeout(0.05)
            try:
                if s.recv(100) == b'':
                    names.append(str(i + 1))
            except ConnectionError:
                names.append(str(i + 1))
            except TimeoutError:
                pass
        print('closed:', ' '.join(names))


cache = Cache(sys.argv[1])
cache.show(cache.list())
try:
    for line in sys.stdin:
        words = line.rstrip('\n').split(' ')
        cache.do(*words)
    cache.closed()
except EOFError:
    print('EOF')
