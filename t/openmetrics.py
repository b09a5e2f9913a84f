#!/usr/bin/env python3
"""openmetrics.py - is standard input sound OpenMetrics text? Says what is not."""
import re
import sys

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(r'(' + NAME + r')(?:\{(.*)\})? (\S+)$')
SUFFIXES = {
    'gauge': [''], 'counter': ['_total', '_created'], 'info': ['_info'],
    'histogram': ['_bucket', '_count', '_sum', '_created'],
    'gaugehistogram': ['_bucket', '_gcount', '_gsum'],
    'unknown': [''], 'stateset': [''], 'summary': ['', '_count', '_sum'],
}


def fail(number, why):
    sys.exit('line %d: %s' % (number, why))


def labels(number, text):
    found, at = {}, 0
    while at < len(text):
        m = LABEL.match(text, at)
        if not m or m.group(1) in found:
            fail(number, 'bad labels')
        found[m.group(1)] = m.group(2)
        at = m.end()
        if at < len(text):
            if text[at] != ',':
                fail(number, 'bad labels')
            at += 1
    return found


def main():
    text = sys.stdin.buffer.read().decode('utf-8')
    if not text.endswith('# EOF\n'):
        sys.exit('does not end with # EOF')
    families, family, series, buckets, counts = {}, None, set(), {}, {}
    for number, line in enumerate(text[:-len('# EOF\n')].splitlines(), 1):
        m = re.match(r'# (TYPE|UNIT|HELP) (' + NAME + r') (.*)$', line)
        if m:
            what, name, rest = m.groups()
            if family is None or name != family:
                if name in families:
                    fail(number, 'family %s is not in one piece' % name)
                families[name], family = {}, name
            if what in families[name]:
                fail(number, 'a second %s' % what)
            if families[name].get('has_samples'):
                fail(number, '%s behind samples' % what)
            if what == 'TYPE' and rest not in SUFFIXES:
                fail(number, 'unknown type %s' % rest)
            if what == 'UNIT' and not name.endswith('_' + rest):
                fail(number, 'unit %s is not in the name' % rest)
            families[name][what] = rest
            continue
        m = SAMPLE.match(line)
        if not m:
            fail(number, 'not a sample: %s' % line)
        name, rest, value = m.groups()
        if family is None or 'TYPE' not in families[family]:
            fail(number, 'a sample without a type')
        if 'HELP' not in families[family]:
            fail(number, 'a family without help')
        kind = families[family]['TYPE']
        if not any(name == family + s for s in SUFFIXES[kind]):
            fail(number, '%s is not of family %s' % (name, family))
        families[family]['has_samples'] = True
        try:
            number_value = float(value)
        except ValueError:
            fail(number, 'not a number: %s' % value)
        found = labels(number, rest or '')
        key = (name, tuple(sorted(found.items())))
        if key in series:
            fail(number, 'a second sample of %s' % (key,))
        series.add(key)
        le = found.pop('le', None)
        group = (family, tuple(sorted(found.items())))
        if name.endswith('_bucket'):
            if le is None:
                fail(number, 'a bucket without le')
            before = buckets.setdefault(group, [])
            if before and (float(le.replace('+Inf', 'inf')) <= before[-1][0]
                           or number_value < before[-1][1]):
                fail(number, 'buckets are not in order')
            before.append((float(le.replace('+Inf', 'inf')), number_value))
        elif name.endswith('count') and kind.endswith('histogram'):
            counts[group] = number_value
    for name, facts in families.items():
        if 'TYPE' not in facts or not facts.get('has_samples'):
            sys.exit('family %s is empty' % name)
    for group, list_ in buckets.items():
        if list_[-1][0] != float('inf') or counts.get(group) != list_[-1][1]:
            sys.exit('%s: the last bucket is not everything' % (group,))


main()
