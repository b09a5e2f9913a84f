#!/usr/bin/perl
# smtpd-table.pl - many short SMTP dialogues, made from a table, for two servers
#
#   smtpd-table.pl services PORT POLICY FILTER    master.cf lines, a service for each dialogue
#   smtpd-table.pl talk PORT DIR [NAME]    hold them all; DIR/NAME.talk is what was said
#   smtpd-table.pl policy PORT DIR         a policy server; DIR/NAME.policy is what it was asked
#   smtpd-table.pl filter PORT DIR         a content filter; DIR/NAME.filter.N is what call N sent
#   smtpd-table.pl compare DIR             TAP, a line for each dialogue
#
# In each something else is to be told to the postmaster (NOTIFY=CLASS: that in all).
# A dialogue is a name, the parameters of its service, and lines for talk.pl.
# The service's log tag is its name, so that one log holds them all.
use strict;
use warnings;
use FindBin;
use IO::Socket::INET;

my @rows;

sub dialogue {
	my ($name, $options, @lines) = @_;
	push @rows, { name => $name, options => $options,
	    lines => [map { split /\n/ } @lines] };
}

# ---- what happens in each: a client with a name, all stages, two recipients ----

my $client = 'XCLIENT NAME=client.test ADDR=192.0.2.1 REVERSE_NAME=client.test';
my $mail = "MAIL FROM:<s\@sender.test>\nRCPT TO:<r\@peer.example>";
my $content = "DATA\n>>>Subject: x\\r\\n\\r\\nx\\r\\n.\\r\\n\n<<<";
my $whole = "$client\nEHLO helo.test\nETRN peer.example\n$mail\n" .
    "RCPT TO:<q\@peer.example>\n$content\nRSET\n$mail\n$content\nVRFY <r\@peer.example>\nQUIT";
my $strange = "XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.66 REVERSE_NAME=[UNAVAILABLE]\n" .
    "EHLO nonfqdn\nETRN peer.example\nMAIL FROM:<s\@nosuch.test>\nRCPT TO:<r\@elsewhere.test>\n" .
    "RCPT TO:<r\@peer.example>\n$content\nVRFY <r\@elsewhere.test>\nQUIT";

my @lists = qw(client helo sender relay recipient data end_of_data etrn);

sub list_options {
	my ($list, $text, @more) = @_;
	my @o = ("smtpd_${list}_restrictions = $text", @more);
	push @o, 'smtpd_recipient_restrictions = reject_unauth_destination'
	    if $list eq 'relay';
	return \@o;
}

# ---- every list with rules that bite ----

my $i = 0;
for my $list (@lists) {
	for my $rule ('reject', 'defer', 'permit', 'defer_if_permit',
	    'warn_if_reject reject', 'warn_if_reject defer_if_permit',
	    'defer_if_reject, reject', 'defer, permit', 'defer_if_permit, reject', 'check_client_access permit', 'sleep', 'check_policy_service', 'permit_dnswl_client', 'defer_if_permit, permit',
	    'one, two', 'frobnicate', 'check_client_access',
	    'reject_unknown_helo_hostname, reject_unknown_sender_domain',
	    'check_client_access fail:x', 'reject, permit', 'permit, reject', 'reject_rbl_client', 'frob permit', 'warn_if_reject check_sender_access fail:x') {
		dialogue('list' . ++$i, list_options($list, $rule,
		    'smtpd_restriction_classes = one, two',
		    'one = permit_mynetworks', 'two = reject'), $whole);
	}
	for my $more ('soft_bounce = yes', 'smtpd_delay_reject = no',
	    'smtpd_helo_required = yes',
	    'smtpd_relay_before_recipient_restrictions = no') {
		dialogue('list' . ++$i, list_options($list,
		    'reject', $more), $whole);
		dialogue('list' . ++$i, list_options($list,
		    'defer_if_permit, check_client_access inline:{client.test=OK}', $more), $whole);
	}
}

# ---- every rule, with a client that it refuses and one that it does not ----

$i = 0;
for my $rule (qw(permit_mynetworks permit_sasl_authenticated
    reject_unknown_client_hostname reject_unknown_reverse_client_hostname
    reject_invalid_helo_hostname reject_non_fqdn_helo_hostname
    reject_unknown_helo_hostname reject_non_fqdn_sender
    reject_unknown_sender_domain reject_unlisted_sender reject_non_fqdn_recipient
    reject_unknown_recipient_domain reject_unlisted_recipient
    reject_unauth_destination defer_unauth_destination permit_auth_destination
    reject_multi_recipient_bounce reject_unauth_pipelining reject_plaintext_session
    reject_sender_login_mismatch reject_known_sender_login_mismatch
    reject_authenticated_sender_login_mismatch reject_unauthenticated_sender_login_mismatch
    permit_mx_backup permit_tls_clientcerts reject_unknown_client reject_invalid_hostname
    reject_non_fqdn_hostname reject_unknown_hostname reject_unknown_address
    check_relay_domains reject_maps_rbl)) {
	for my $list ('client', 'recipient', 'data') {
		dialogue('rule' . ++$i, ["smtpd_${list}_restrictions = $rule, reject",
		    'smtpd_relay_restrictions = reject_unauth_destination',
		    'maps_rbl_domains = bl.test',
		    'smtpd_sender_login_maps = inline:{s@sender.test=joe}'],
		    $list eq 'data' ? $whole : "$strange");
	}
}

# ---- names that DNS knows, and does not ----

$i = 0;
for my $domain (qw(sender.test nosuch.test sad.test nullmx.test onlya.test mxonly.test
    deadmx.test refused.test)) {
	dialogue('domain' . ++$i, ['smtpd_sender_restrictions = reject_unknown_sender_domain',
	    'smtpd_helo_restrictions = reject_unknown_helo_hostname',
	    'smtpd_recipient_restrictions = reject_unknown_recipient_domain',
	    'smtpd_relay_restrictions = permit_mynetworks, reject'],
	    "EHLO helo.test\nMAIL FROM:<a\@$domain>\nRCPT TO:<a\@peer.example>\nRSET\n" .
	    "EHLO $domain\nMAIL FROM:<a\@sender.test>\nRCPT TO:<a\@peer.example>\nRSET\n" .
	    "EHLO helo.test\nMAIL FROM:<a\@sender.test>\nRCPT TO:<a\@$domain>\nQUIT");
	for my $kind (qw(a mx ns)) {
		dialogue("server$kind$i", [
		    "smtpd_helo_restrictions = check_helo_${kind}_access inline:{{127.0.0.1=REJECT helo}, {mail.test=WARN seen}, {ns.test=WARN ns}}",
		    "smtpd_sender_restrictions = check_sender_${kind}_access inline:{{127.0.0.1=REJECT sender}}",
		    "smtpd_recipient_restrictions = check_recipient_${kind}_access inline:{{127.0.0.1=DEFER rcpt}}",
		    'smtpd_relay_restrictions = permit_mynetworks, reject'],
		    "EHLO plain.test\nMAIL FROM:<a\@$domain>\nRCPT TO:<a\@peer.example>\nRSET\n" .
		    "EHLO $domain\nMAIL FROM:<a\@onlya2.test>\nRCPT TO:<a\@peer.example>\nRSET\n" .
		    "EHLO plain.test\nMAIL FROM:<a\@onlya2.test>\nRCPT TO:<a\@$domain>\nQUIT");
	}
}

# ---- DNS lists ----

my $listed = "XCLIENT NAME=listed.test ADDR=192.0.2.9 REVERSE_NAME=listed.test\nEHLO listed.test\n" .
    "MAIL FROM:<a\@listed.test>\nRCPT TO:<a\@peer.example>\nRCPT TO:<a\@listed.test>\nQUIT";
$i = 0;
for my $rule ('reject_rbl_client bl.test', 'reject_rbl_client bl.test=127.0.0.2',
    'reject_rbl_client bl.test=127.0.0.3', 'reject_rbl_client bl.test=127.0.0.[2;4]',
    'reject_rbl_client bl.test=127.0.0.[1..3]', 'reject_rbl_client notxt.test',
    'reject_rbl_client sad.test', 'permit_dnswl_client bl.test, reject',
    'permit_dnswl_client sad.test, reject', 'permit_rhswl_client bl.test, reject',
    'reject_rhsbl_client bl.test', 'reject_rhsbl_reverse_client bl.test',
    'reject_rhsbl_helo bl.test', 'reject_rhsbl_sender bl.test',
    'reject_rhsbl_recipient bl.test', 'warn_if_reject reject_rbl_client bl.test',
    'reject_maps_rbl', 'reject_rbl_client none.test') {
	for my $more ('maps_rbl_reject_code = 554', 'maps_rbl_reject_code = 450',
	    'default_rbl_reply = $rbl_code $rbl_class|$rbl_domain|$rbl_reason|$rbl_what|${rbl_txt?x}|$client|$recipient',
	    'rbl_reply_maps = inline:{ { bl.test = 521 4.7.1 Go $rbl_what away ${rbl_reason?: $rbl_reason} }, { bl.test=127.0.0.2 = 550 exactly $rbl_domain } }') {
		dialogue('dnslist' . ++$i, ["smtpd_recipient_restrictions = $rule",
		    'smtpd_relay_restrictions = permit_auth_destination, reject', 'maps_rbl_domains = bl.test', $more],
		    $listed);
	}
}
dialogue("dnslist-v6", ['smtpd_client_restrictions = reject_rbl_client bl.test'],
    "XCLIENT NAME=six.test ADDR=IPV6:2001:db8::9\nEHLO x\nMAIL FROM:<a\@b.test>\nRCPT TO:<a\@peer.example>\nQUIT");

# ---- backup MX ----

$i = 0;
for my $domain (qw(backup.test primary.test deadmx.test mxonly.test nosuch.test sad.test onlya.test)) {
	for my $more ('permit_mx_backup_networks =', 'permit_mx_backup_networks = 192.0.2.0/24',
	    'permit_mx_backup_networks = 203.0.113.0/24') {
		dialogue('backup' . ++$i, ['smtpd_relay_restrictions = permit_mx_backup, reject_unauth_destination', $more],
		    "XCLIENT NAME=client.test ADDR=192.0.2.1\nEHLO x\nMAIL FROM:<a\@b.test>\nRCPT TO:<a\@$domain>\n" .
		    "RCPT TO:<a%$domain\@peer.example>\nRCPT TO:<a\@peer.example>\nQUIT");
	}
}

# ---- access tables: every action in every list ----

$i = 0;
for my $action ('OK', 'OK text', '450', '450 text', '550 5.1.1 text', '521 text', '421 text', 'REJECT',
    'REJECT 4.7.9 text', 'REJECT 5.1.3', 'DEFER', 'DEFER 5.2.2 text', 'DEFER_IF_REJECT', 'DEFER_IF_REJECT text',
    'DEFER_IF_PERMIT', 'DEFER_IF_PERMIT 4.2.1 text', 'DISCARD', 'DISCARD text', 'DUNNO',
    'FILTER', 'FILTER x', 'FILTER smtp:x', 'HOLD', 'HOLD text', 'INFO', 'INFO text', 'WARN', 'WARN text',
    'PREPEND', 'PREPEND text', 'PREPEND X-A: b', 'REDIRECT', 'REDIRECT x', 'REDIRECT a@b.test',
    'BCC', 'BCC x', 'BCC a@b.test', 'HANGUP', 'permit', 'reject', 'frobnicate', 'one', 'two, one',
    'warn_if_reject reject', 'defer_if_permit, permit', 'check_sender_access inline:{a=b}', '42', '4501', '999 x', '250 ok') {
	for my $list ('client', 'recipient', 'data', 'end_of_data', 'etrn') {
		dialogue("access" . ++$i, ["smtpd_${list}_restrictions = check_client_access inline:{{client.test = $action}}",
		    'smtpd_restriction_classes = one, two', 'one = reject', 'two = warn_if_reject reject'], $whole);
	}
	dialogue("access" . ++$i, ["smtpd_client_restrictions = check_client_access inline:{{client.test = $action}}",
	    "smtpd_helo_restrictions = check_helo_access inline:{{helo.test = $action}}",
	    'smtpd_restriction_classes = one, two', 'one = reject', 'two = warn_if_reject reject',
	    'smtpd_delay_reject = no'], $whole);
	dialogue("permit" . $i, ["smtpd_recipient_restrictions = check_recipient_access inline:{{r\@peer.example = $action}}, reject",
	    'smtpd_log_access_permit_actions = static:all',
	    'smtpd_restriction_classes = one, two', 'one = reject', 'two = warn_if_reject reject'], $whole);
}

# ---- access permits in the log ----

$i = 0;
for my $what ('static:all', 'permit', 'permit_mynetworks, check_client_access', 'check_helo_access',
    '!permit, static:all', 'inline:{permit=x}') {
	for my $rule ('permit', 'permit_mynetworks', 'permit_auth_destination', 'check_client_access inline:{client.test=OK}',
	    'check_helo_access inline:{helo.test=OK}', 'one', 'permit_dnswl_client bl.test', 'client_table',
	    'warn_if_reject permit', 'check_client_access static:permit') {
		dialogue('logpermit' . ++$i, ["smtpd_recipient_restrictions = $rule, reject",
		    "smtpd_log_access_permit_actions = $what", 'mynetworks = 192.0.2.0/24',
		    'smtpd_restriction_classes = one, client_table', 'one = permit', 'client_table = check_client_access inline:{client.test=OK}'],
		    $whole);
	}
}

# ---- the policy protocol, attribute by attribute ----

$i = 0;
for my $list (@lists) {
	dialogue('policy' . ++$i, list_options($list,
	    'check_policy_service { inet:127.0.0.1:@POLICY@, policy_context=@NAME@ }'), $whole);
	dialogue('policy' . ++$i, list_options($list,
	    'check_policy_service { inet:127.0.0.1:@POLICY@, policy_context=@NAME@ }', 'smtpd_delay_reject = no'), $whole);
}
for my $action ('OK', 'DUNNO', 'REJECT no', 'REJECT', '550 5.1.1 no', 'DEFER_IF_PERMIT later', 'PREPEND X-A: b', 'HOLD',
    'nonsense', 'reject_unauth_destination', '421 go away', 'DISCARD', '521 x', 'WARN hey', 'INFO hey', '', 'check_client_access inline:{a=b}') {
	my $hex = unpack 'H*', $action;
	dialogue('policyaction' . ++$i, ['smtpd_recipient_restrictions = check_policy_service { inet:127.0.0.1:@POLICY@, policy_context=@NAME@/' . $hex . ' }'],
	    $whole);
}

# ---- syntax ----

my @paths = ('<>', '<a>', '<a@b.test>', 'a@b.test', '<a@b.test', 'a@b.test>', '< a@b.test >', '<a b@c.test>',
    '<"a b"@c.test>', '<"a\\"b"@c.test>', '<"a\\\\b"@c.test>', '<a\\ b@c.test>', '<@x.test:a@b.test>', '<@x.test,@y.test:a@b.test>',
    '<@x.test>', '<a@>', '<@>', '<a@b.test.>', '<a@.b.test>', '<a@b..test>', '<a@-b.test>', '<a@b-.test>', '<a@b_c.test>',
    '<a@[192.0.2.1]>', '<a@[IPv6:2001:db8::1]>', '<a@[2001:db8::1]>', '<a@[IPv6:1.2.3.4]>', '<a@[]>',
    '<a@1.2.3.4>', '<a@b@c.test>', '<a%b.test@peer.example>', '<x!y!a@peer.example>', '<a.@b.test>', '<.a@b.test>', '<a..b@c.test>',
    '<"">', '<""@b.test>', '<(comment)a@b.test>', '<<a@b.test>>', '<a@b.test>x',
    '<a@b.test>,<c@d.test>', '<a;b@c.test>', '<a,b@c.test>', '<a:b@c.test>', '<postmaster>', '<Postmaster>', '<root>',
    '<a@b.test> ', '<a@localhost>', '<a@peer.example>', '<' . 'a' x 65 . '@b.test>', '<a@' . 'b' x 64 . '.test>', '<a@' . ('b' x 63 . '.') x 4 . 'test>',
    '<a+b@peer.example>', "<\xc3\xa9\@b.test>", "<\xff\@b.test>", '<|cmd>', '</file>', '<:include:/x>', '<-x@b.test>',
    '<"a"b@c.test>', '<a"b@c.test>', '<a@b.test:25>', '<a@b\\.test>', '<"a@b"@c.test>', '<a@b.test\\>', '');
$i = 0;
for my $more ('strict_rfc821_envelopes = no', 'strict_rfc821_envelopes = yes', 'resolve_null_domain = yes',
    'allow_percent_hack = no', 'swap_bangpath = no', 'resolve_dequoted_address = no', 'allow_untrusted_routing = yes') {
	my $text = "EHLO x\n" . join('', map { "MAIL FROM:$_\nRSET\n" } @paths) .
	    "MAIL FROM:<a\@b.test>\n" . join('', map { "RCPT TO:$_\n" } @paths) . "VRFY x\nQUIT";
	dialogue('syntax' . ++$i, [$more, 'smtpd_hard_error_limit = 1000', 'smtpd_junk_command_limit = 1000',
	    'smtpd_relay_restrictions = reject_unauth_destination', 'local_recipient_maps ='],
	    "XCLIENT NAME=client.test ADDR=192.0.2.1\n$text");
}
dialogue('vrfy', ['smtpd_hard_error_limit = 1000', 'smtpd_junk_command_limit = 1000'],
    "EHLO x\n" . join('', map { "VRFY $_\n" } grep { $_ ne '' && !/\\>/ } @paths) . "QUIT");

my @mail_params = ('SIZE=1', 'SIZE=0', 'SIZE', 'SIZE=', 'SIZE=x', 'SIZE=-1', 'SIZE=99999999999999999999', 'SIZE=100000000000', 'SIZE=1 SIZE=2',
    'BODY=7BIT', 'BODY=8BITMIME', 'BODY=8bitmime', 'BODY=BINARYMIME', 'BODY', 'BODY=', 'SMTPUTF8', 'SMTPUTF8=1', 'smtputf8',
    'AUTH=<>', 'AUTH=a@b.test', 'AUTH', 'RET=FULL', 'RET=HDRS', 'RET=full', 'RET=X', 'RET', 'ENVID=abc', 'ENVID=a+3Db', 'ENVID=a+zz', 'ENVID=',
    'ENVID=' . 'x' x 100, 'ENVID=' . 'x' x 101, 'ENVID=a+0Ab', "ENVID=\xc3\xa9", 'RET=FULL RET=HDRS', 'ENVID=a ENVID=b', 'FOO', 'FOO=bar', 'NOTIFY=NEVER',
    'XVERP', 'XVERP=', 'XVERP=+=', 'XVERP=ab', 'XVERP=+=-', 'BODY=7BIT BODY=8BITMIME', 'SIZE=1 BODY=8BITMIME RET=FULL ENVID=x SMTPUTF8', '=', '=x', 'REQUIRETLS', 'MT-PRIORITY=1');
my @rcpt_params = ('NOTIFY=NEVER', 'NOTIFY=SUCCESS', 'NOTIFY=SUCCESS,FAILURE,DELAY', 'NOTIFY=NEVER,SUCCESS', 'NOTIFY=', 'NOTIFY', 'NOTIFY=x', 'NOTIFY=SUCCESS,',
    'NOTIFY=success', 'NOTIFY=SUCCESS,SUCCESS', 'NOTIFY=DELAY NOTIFY=DELAY', 'ORCPT=rfc822;a@b.test', 'ORCPT=RFC822;a+2Bb@c.test', 'ORCPT=a@b.test', 'ORCPT=', 'ORCPT', 'ORCPT=;x', 'ORCPT=rfc822;',
    'ORCPT=x;y', 'ORCPT=rfc822;a+zz', 'ORCPT=rfc822;' . 'x' x 480, 'ORCPT=rfc822;' . 'x' x 600, 'ORCPT=utf-8;a\\x{e9}@b.test', "ORCPT=utf-8;\xc3\xa9",
    'ORCPT=rfc822;a ORCPT=rfc822;b', 'SIZE=1', 'FOO', 'FOO=x', '=', 'NOTIFY=NEVER ORCPT=rfc822;x');
$i = 0;
for my $more ('smtputf8_enable = yes', 'smtputf8_enable = no', 'smtpd_discard_ehlo_keywords = dsn, size, 8bitmime, smtputf8', 'strict_smtputf8 = yes', 'strict_rfc821_envelopes = yes') {
	for my $hello ('EHLO x', 'HELO x') {
		dialogue('params' . ++$i, [$more, 'smtpd_hard_error_limit = 1000', 'smtpd_junk_command_limit = 1000'],
		    "$hello\n" . join('', map { "MAIL FROM:<a\@b.test> $_\nRSET\n" } @mail_params) .
		    "MAIL FROM:<a\@b.test>\n" . join('', map { "RCPT TO:<r\@peer.example> $_\n" } @rcpt_params) . 'QUIT');
	}
}

# ---- verbs, in and out of order ----

my @verbs = ('HELO', 'HELO x', 'HELO x y', 'EHLO', 'EHLO x', 'EHLO x y', 'EHLO <x>', 'EHLO [127.0.0.1]', 'EHLO [IPv6:::1]', 'EHLO x_y', 'EHLO -', 'HELO 127.0.0.1', 'MAIL', 'MAIL FROM', 'MAIL FROM:',
    'MAIL FROM :<a@b.test>', 'MAIL  FROM:<a@b.test>', 'mail from:<a@b.test>', 'MAIL FROM:<a@b.test> ', 'RCPT', 'RCPT TO', 'RCPT TO:', 'RCPT TO:<>', 'RCPT FROM:<a@b.test>', 'RCPT TO : <a@b.test>',
    'DATA', 'DATA x', 'BDAT', 'BDAT x', 'RSET', 'RSET x', 'NOOP', 'NOOP x', 'NOOP x y', 'VRFY', 'VRFY a', 'VRFY a b', 'VRFY <a@peer.example>', 'VRFY a@elsewhere.test', 'VRFY postmaster SMTPUTF8', 'EXPN a', 'HELP', 'HELP x',
    'ETRN', 'ETRN x', 'ETRN x y', 'ETRN @peer.example', 'ETRN #peer.example', 'ETRN peer.example', 'ETRN elsewhere.test', 'ETRN -x', 'ETRN [1.2.3.4]', 'ETRN [peer.example]', 'TURN', 'SEND FROM:<a@b>', 'SOML', 'SAML', 'FOO', 'FOO:', 'GET / HTTP/1.0', 'CONNECT x', 'POST x', 'From: x', 'X-Y: z', 'STARTTLS', 'STARTTLS x', 'AUTH', 'AUTH PLAIN',
    'AUTH PLAIN x y', '*', '.', ' NOOP', "\tNOOP", '"NOOP"', 'QUIT x', 'XCLIENT', 'XCLIENT x', 'XCLIENT FOO=x', 'XCLIENT ADDR=x', 'XCLIENT ADDR=', 'XCLIENT NAME=-', 'XCLIENT PROTO=x', 'XCLIENT PORT=x', 'XCLIENT PORT=99999', 'XCLIENT NAME=' . 'x' x 300, 'XCLIENT HELO=', 
    'XCLIENT NAME=a.test ADDR=1.2.3.4 PORT=1 PROTO=SMTP HELO=h REVERSE_NAME=b.test DESTADDR=1.2.3.5 DESTPORT=26', 'XCLIENT ADDR=2001:db8::1', 'XCLIENT ADDR=IPv6:2001:db8::1', 'XCLIENT NAME=a+zz', 'XCLIENT NAME=[TEMPUNAVAIL]', 'XCLIENT NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE]', 'XCLIENT REVERSE_NAME=[TEMPUNAVAIL]',
    'XFORWARD', 'XFORWARD x', 'XFORWARD FOO=x', 'XFORWARD ADDR=x', 'XFORWARD NAME=-', 'XFORWARD PROTO=x', 'XFORWARD PORT=x', 'XFORWARD SOURCE=x', 'XFORWARD SOURCE=LOCAL', 'XFORWARD IDENT=abc', 'XFORWARD HELO=', 'XFORWARD ADDR=',
    'XFORWARD NAME=a.test ADDR=1.2.3.4 PORT=1 PROTO=ESMTP HELO=h IDENT=Q SOURCE=REMOTE', 'XFORWARD ADDR=IPv6:2001:db8::1', 'XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] HELO=[UNAVAILABLE]', 'XFORWARD HELO=' . 'x' x 256, 'XFORWARD PROTO=' . 'x' x 65);
$i = 0;
for my $verb (@verbs) {
	dialogue('verb' . ++$i, ['smtpd_noop_commands = EXPN', 'fast_flush_domains = $mydestination'],
	    "$verb\nEHLO h.test\n$verb\nMAIL FROM:<a\@b.test>\n$verb\nRCPT TO:<r\@peer.example>\n$verb\nNOOP\nQUIT");
}

$i = 0;
for my $more ('smtpd_helo_required = yes', 'disable_vrfy_command = yes', 'smtpd_hard_error_limit = 2', 'smtpd_junk_command_limit = 2', 'smtpd_recipient_limit = 1', 'message_size_limit = 100000',
    'message_size_limit = 0', 'queue_minfree = 99999999999999', (map { "smtpd_discard_ehlo_keywords = $_" } qw(pipelining size vrfy etrn 8bitmime dsn smtputf8 chunking verp xclient xforward auth starttls silent-discard), 'size, dsn', 'dsn xclient verp'),
    'smtpd_discard_ehlo_keywords = silent-discard, size', 'smtpd_discard_ehlo_keyword_address_maps = inline:{127.0.0.1=dsn}', 'smtpd_reject_footer = \c. More: $client_address $recipient $mail_name', 'smtpd_reject_footer = one\ntwo $localtime_x',
    'smtpd_reject_footer_maps = pcre:{{/Access/ \c: see $server_name}}', 'smtpd_command_filter = pcre:{{/^FOO/ NOOP} {/^RCPT TO:<x(.*)/ RCPT TO:<r$1}}', 'smtpd_client_port_logging = yes', 'smtpd_soft_error_limit = 1',
    'smtpd_authorized_xclient_hosts =', 'smtpd_authorized_xforward_hosts =', 'smtpd_authorized_verp_clients =', 'smtpd_banner = $myhostname ESMTP hi', 'smtpd_delay_open_until_valid_rcpt = no', 'smtpd_recipient_restrictions = sleep 1, reject',
    'smtpd_recipient_restrictions = sleep x', 'smtpd_reject_unlisted_sender = yes', 'show_user_unknown_table_name = no', 'local_recipient_maps = inline:{joe=x}', 'relay_recipient_maps = inline:{{joe@rd.example=x}}', 'reject_code = 521', 'defer_code = 421', 'access_map_reject_code = 421', 'unknown_client_reject_code = 550', 'invalid_hostname_reject_code = 521',
    'empty_address_recipient = x', 'smtpd_null_access_lookup_key = nul', 'smtpd_client_restrictions = check_client_access static:REJECT', 'smtpd_tls_security_level = none', 'smtpd_hide_client_session = yes', 'receive_override_options = no_unknown_recipient_checks, no_address_mappings', 'line_length_limit = 100') {
	dialogue('setting' . ++$i, [$more], "NOOP\nMAIL FROM:<a\@b.test>\nEHLO x\nVRFY r\nMAIL FROM:<s\@peer.example> SIZE=3000\nMAIL FROM:<s\@peer.example>\nRCPT TO:<x\@elsewhere.test>\nRCPT TO:<r\@peer.example>\nRCPT TO:<q\@rd.example>\nFOO\n" .
	    "RCPT TO:<x\@peer.example>\nRSET\nRSET\nRSET\nRSET\nMAIL FROM:<>\nRCPT TO:<r\@peer.example>\nVRFY r x\n$content\nETRN peer.example\nXCLIENT ADDR=1.2.3.4\nXFORWARD ADDR=1.2.3.4\nQUIT");
}

dialogue('size', ['message_size_limit = 2000'], "EHLO x\nMAIL FROM:<a\@b.test> SIZE=2000\nRSET\nMAIL FROM:<a\@b.test> SIZE=2001\nQUIT");
dialogue('group1', [], ">>>EHLO x\\r\\n\n<<<\n>>>RSET\\r\\nMAIL FROM:<a\@b.test>\\r\\nRCPT TO:<r\@peer.example>\\r\\nRSET\\r\\nNOOP\\r\\nQUIT\\r\\n\n" . "<<<\n" x 6);
dialogue('group2', ['smtpd_forbid_unauth_pipelining = yes'], ">>>EHLO x\\r\\n\n<<<\n>>>RSET\\r\\nMAIL FROM:<a\@b.test>\\r\\nRCPT TO:<r\@peer.example>\\r\\nRSET\\r\\nNOOP\\r\\nQUIT\\r\\n\n" . "<<<\n" x 6);
dialogue('group3', ['smtpd_forbid_unauth_pipelining = yes', 'smtpd_discard_ehlo_keywords = pipelining'], ">>>EHLO x\\r\\n\n<<<\n>>>MAIL FROM:<a\@b.test>\\r\\nRCPT TO:<r\@peer.example>\\r\\nQUIT\\r\\n\n" . "<<<\n" x 3);
dialogue('early', ['smtpd_delay_reject = no', "smtpd_sender_restrictions = check_sender_access inline:{{s\@sender.test = DEFER_IF_PERMIT}}"],
    "EHLO x\nMAIL FROM:<s\@sender.test>\nRCPT TO:<r\@peer.example>\nRSET\nMAIL FROM:<a\@b.test>\nRCPT TO:<r\@peer.example>\nQUIT");
dialogue('early2', ['smtpd_delay_reject = no', 'smtpd_helo_restrictions = check_helo_access inline:{{helo.test = DEFER_IF_PERMIT}}'],
    "EHLO helo.test\n$mail\nETRN peer.example\nRSET\nETRN peer.example\nEHLO x\n$mail\nRSET\nETRN peer.example\nQUIT");

# ---- content, its end, and chunks ----

$i = 0;
my $begin = "EHLO x\nMAIL FROM:<a\@b.test>\nRCPT TO:<r\@peer.example>\n";
my $line = 'x' x 3000;
for my $text ('Subject: x\r\n\r\nbody\r\n.\r\n', '.\r\n', 'Subject: x\n\nbody\n.\n', 'Subject: x\r\n\r\nbody\n.\r\nmore\r\n.\r\n', 'x\r\n.\nmore\r\n.\r\n', 'x\r\n.\r\r\n.\r\n', 'x\r.\r\n.\r\n', '\n.\n\r\n.\r\n', 'x\n.\n\r\n.\r\n', 'x\n\r\n.\r\n',
    'From a@b\r\n>From c\r\nSubject: x\r\n\r\n.\r\n', ' continued\r\n\r\n.\r\n', '\0\r\n\r\nx\0y\r\n.\r\n', 'Subject: x\r\n\r\n' . $line . '\r\n.\r\n', '..\r\n...\r\n.\r\n', 'x\r\r\n.\r\n') {
	for my $mode ('no', 'yes', 'normalize', 'reject') {
		next if $mode eq 'no' && $text =~ /\\r\\r\\n\./;	# two ends: ours is the later one
		dialogue('content' . ++$i, ["smtpd_forbid_bare_newline = $mode", 'smtpd_forbid_bare_newline_exclusions ='],
		    "${begin}DATA\n>>>$text\n>>>RSET\\r\\n.\\r\\nQUIT\\r\\n\n<<<\n<<<\n<<<\n<<<");
	}
}
$i = 0;
for my $text ('BDAT 0 LAST', '>>>BDAT 3\r\nabc|<<<|BDAT 0 LAST', '>>>BDAT 3 LAST\r\nabc|<<<', '>>>BDAT 3\r\nabcBDAT 4\r\ndefgBDAT 2 LAST\r\n\r\n|<<<|<<<|<<<', '>>>BDAT 5 LAST\r\n.\r\n.\r|<<<',
    '>>>BDAT 3\r\nabc|<<<|DATA|RCPT TO:<q@peer.example>|NOOP|MAIL FROM:<a@b.test>|RSET|BDAT 0 LAST', 'BDAT', 'BDAT x', 'BDAT -1', 'BDAT 0 FOO', '>>>BDAT 3 last x\r\nabc|<<<', 'BDAT 99999999999999999999 LAST',
    '>>>BDAT 11 LAST\r\na\nb\r\nc\rd\n\r\n|<<<', '>>>BDAT 3 last\r\nabc|<<<', '>>>BDAT 3\r\nabc|<<<|QUIT', '>>>BDAT 3\r\nabc|<<<|EHLO y', '>>>BDAT 3\r\nabc|<<<|VRFY r', '>>>BDAT 3\r\nabc|<<<|FOO', '>>>BDAT 9000\r\n' . 'y' x 9000 . '|<<<|BDAT 0 LAST', 'BDAT 0|BDAT 0|BDAT 0 LAST',
    '>>>BDAT 1\r\na|<<<|>>>BDAT 1\r\n\r|<<<|>>>BDAT 1\r\n\n|<<<|BDAT 0 LAST') {
	for my $more ('message_size_limit = 5000', 'smtpd_data_restrictions = reject', 'smtpd_discard_ehlo_keywords = chunking', 'smtpd_forbid_bare_newline = reject',
	    'smtpd_data_restrictions = reject_unauth_pipelining') {
		(my $lines = $text) =~ s/\|/\n/g;
		dialogue('chunk' . ++$i, [$more], "$begin$lines\nNOOP\nMAIL FROM:<a\@b.test>\nRSET\nQUIT");
		dialogue('nochunk' . $i, [$more], "EHLO x\n$lines\nMAIL FROM:<a\@b.test>\n$lines\nRCPT TO:<q\@elsewhere.test>\n$lines\nQUIT") if $more =~ /5000/;
	}
}

# ---- pipelining ----

$i = 0;
for my $text ('EHLO x\r\nNOOP\r\nQUIT\r\n', 'NOOP\r\nQUIT\r\n', 'EHLO x\r\nMAIL FROM:<a@b.test>\r\nQUIT\r\n', 'HELO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<r@peer.example>\r\nDATA\r\n.\r\nQUIT\r\n', 'VRFY a\r\nQUIT\r\n', 'ETRN peer.example\r\nQUIT\r\n', 'RSET\r\nQUIT\r\n') {
	for my $more ('smtpd_forbid_unauth_pipelining = yes', 'smtpd_forbid_unauth_pipelining = no', 'smtpd_recipient_restrictions = reject_unauth_pipelining', 'smtpd_data_restrictions = reject_unauth_pipelining', 'smtpd_client_restrictions = reject_unauth_pipelining') {
		dialogue('pipe' . ++$i, [$more, 'mynetworks =', 'smtpd_relay_restrictions = reject_unauth_destination'], ">>>$text\n" . "<<<\n" x 6);
	}
}

# ---- behind a load balancer ----

$i = 0;
my $v2 = '\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a';
my $v4 = '\xc0\x00\x02\x01\xc0\x00\x02\x02\x04\xd2\x00\x19';
for my $header ('PROXY TCP4 192.0.2.1 192.0.2.2 1234 25\r\n', 'PROXY TCP6 2001:db8::1 2001:db8::2 1234 25\r\n', 'PROXY UNKNOWN\r\n',
    'PROXY UNKNOWN a b c d\r\n', 'PROXY TCP4 192.0.2.1 192.0.2.2 1234 25\n', 'EHLO x\r\n', 'PROXY TCP4 192.0.2.1 192.0.2.2 0 25\r\n', 'PROXY TCP4 192.0.2.1 192.0.2.2 99999 25\r\n',
    'PROXY TCP4 2001:db8::1 2001:db8::2 1 25\r\n', 'PROXY TCP4 x y 1 25\r\n', 'PROXY TCP4 192.0.2.1\r\n', 'PROXY TCP4 192.0.2.1 192.0.2.2 1234 25 x\r\n', 'PROXY UDP4 192.0.2.1 192.0.2.2 1234 25\r\n', 'PROXY ' . 'x' x 200 . '\r\n',
    $v2 . '\x21\x11\x00\x0c' . $v4, $v2 . '\x21\x11\x00\x10' . $v4 . '\x04\x00\x01\x00', $v2 . '\x20\x00\x00\x00', $v2 . '\x21\x12\x00\x0c' . $v4, $v2 . '\x31\x11\x00\x0c' . $v4, $v2 . '\x21\x11\x00\x04' . $v4, $v2 . '\x21\x21\x00\x0c' . $v4, '') {
	dialogue('balancer' . ++$i, ['smtpd_upstream_proxy_protocol = haproxy', 'smtpd_upstream_proxy_timeout = 1s'],
	    "!\n>>>$header\n<<<\nEHLO x\n$mail\nQUIT");
}
dialogue('balancer-early', ['smtpd_upstream_proxy_protocol = haproxy'], '!', '>>>PROXY TCP4 192.0.2.1 192.0.2.2 1234 25\r\nEHLO x\r\nQUIT\r\n', '<<<', '<<<', '<<<');

# ---- a content filter before the queue ----

$i = 0;
for my $options ('', 'speed_adjust') {
	my @filter = ('smtpd_proxy_filter = 127.0.0.1:@FILTER@', "smtpd_proxy_options = $options", 'smtpd_proxy_ehlo = @NAME@', 'local_header_rewrite_clients =');
	my $send = sub { "DATA\n>>>Subject: x\\r\\n\\r\\n$_[0]\\r\\n.\\r\\n\n<<<\n" };
	my $begin = "$client\nEHLO h.test\n";
	my $good = "MAIL FROM:<s\@sender.test>\nRCPT TO:<r\@peer.example>\n";
	for my $text ($good . "RCPT TO:<q\@peer.example>\n" . $send->('hello'),
	    $good . "RCPT TO:<bad\@peer.example>\nRCPT TO:<q\@peer.example>\n" . $send->('..x'),
	    "MAIL FROM:<bad\@sender.test>\nRCPT TO:<r\@peer.example>\nRSET\n$good" . $send->('hello'),
	    $good . $send->('virus'), $good . $send->('later'), $good . $send->('drop'), $good . $send->('multi'),
	    "MAIL FROM:<s\@sender.test>\nRCPT TO:<drop\@peer.example>\nRCPT TO:<r\@peer.example>\nRSET\n$good" . $send->('hello'),
	    "XFORWARD NAME=far.test ADDR=192.0.2.5 PORT=5 HELO=far PROTO=SMTP SOURCE=LOCAL IDENT=ABC\n$good" . $send->('hello'),
	    "MAIL FROM:<s\@sender.test> BODY=8BITMIME SIZE=100 RET=HDRS ENVID=x\nRCPT TO:<r\@peer.example> NOTIFY=NEVER ORCPT=rfc822;a\@b.test\n" . $send->('hello'),
	    "MAIL FROM:<> SMTPUTF8\nRCPT TO:<\"a b\"\@peer.example>\n" . $send->('hello'),
	    $good . "RSET\n$good" . "QUIT", $good . "EHLO again\n$good" . $send->('hello'), $good . ">>>BDAT 5\\r\\nhello\n<<<\nBDAT 0 LAST\n",
	    "MAIL FROM:<s\@sender.test>\nRCPT TO:<nodata\@peer.example>\n" . $send->('hello') . "RSET\n",
	    $good . $send->('x' x 3000), $good . "DATA\n>>>half") {
		dialogue('filter' . ++$i, [@filter], "$begin$text\nQUIT");
	}
	dialogue('filter' . ++$i . 'plain', [@filter], "$begin$good" . $send->('hello') . 'QUIT');
	dialogue('filter' . ++$i . 'greet', [@filter], "$begin$good" . $send->('hello') . 'QUIT');
	dialogue('filter' . ++$i, ['smtpd_proxy_filter = 127.0.0.1:1', "smtpd_proxy_options = $options"], "$begin$good" . $send->('hello') . 'QUIT');
	dialogue('filter' . ++$i, [@filter, 'smtpd_delay_open_until_valid_rcpt = no'], "${begin}MAIL FROM:<bad\@sender.test>\n$good" . $send->('hello') . 'QUIT');
	
	dialogue('filter' . ++$i, [@filter, 'smtpd_end_of_data_restrictions = check_client_access static:REJECT'], "$begin$good" . $send->('x') . 'QUIT');
	for my $action ('HOLD', 'DISCARD', 'FILTER smtp:x', 'REDIRECT a@b.test', 'BCC a@b.test', 'PREPEND X-A: b', 'WARN x') {
		dialogue('filter' . ++$i, [@filter, "smtpd_client_restrictions = check_client_access inline:{{client.test = $action}}"], "$begin$good" . $send->('x') . 'QUIT');
	}
}

# ---- compare ----

sub slurp {
	open my $f, '<', $_[0] or return '';
	local $/;
	return <$f>;
}

# What a filter heard, in the order in which it was called: who is done first may differ.
sub sessions {
	my ($file) = @_;
	return join '', map { slurp($_) } sort glob("$file.*");
}

sub same_shape {
	my ($text) = @_;
	$text =~ s/queued as [0-9A-F]+/queued as QID/g;
	$text =~ s/for service [0-9.:]+/for service S/g;
	return $text;
}

# The lines of each dialogue, without what differs by nature.
sub logs {
	my %lines;
	for (split /\n/, slurp($_[0])) {
		my ($name, $text) = m{ ([\w.-]+)/smtpd\[\d+\]: (.*)} or next;
		next if $text =~ /^connect from|overriding earlier entry|unknown DSN NOTIFY/;
		$text =~ s/^(warning: )?[0-9A-F]{8,}: /@{[$1 \/\/ '']}QID: /;
		$text =~ s/127\.0\.0\.1:100[1-4]/SERVER/g;
		$text =~ s/(\[[0-9.]+\]:)\d+/$1PORT/g;
		$text =~ s/EHLO_MASK_//;
		$text =~ s/(mail queue: )\d+/$1N/;
		$text =~ s/for service [0-9.:]+/for service S/g;
		push @{$lines{$name}}, $text;
	}
	return \%lines;
}

sub policy_shape {
	my ($text) = @_;
	$text =~ s/^(instance)=.*/$1=I/mg;
	$text =~ s/^(queue_id)=.+/$1=QID/mg;
	$text =~ s/^(client_port|server_port)=\d+/$1=N/mg;
	return $text;
}

sub filter_shape {
	my ($text) = @_;
	$text =~ s/\w{3}, +\d+ \w{3} \d{4} [0-9:]+ [+-]\d{4} \(\w+\)/DATE/g;
	$text =~ s/PORT=\d+/PORT=N/g;
	return $text;
}

# What the postmaster was told of each dialogue: the whole queue file.
sub notices {
	my ($spool) = @_;
	my %told;
	for (split /^(?=\*\*\* ENVELOPE RECORDS)/m, `find $spool/incoming -type f | xargs -r postcat`) {
		my ($name) = /^To: Postmaster <([\w.-]+)\@notice/m or next;
		s/^\*\*\*.*\n|^(message_size|create_time|message_arrival_time):.*\n|named_attribute: create_time=.*\n//mg;
		s/\b(id |queued as )[0-9A-F]{8,}/$1QID/g;
		s/<\d{14}\.[0-9A-F]+/<QID/;
		s/\w{3}, +\d+ \w{3} \d{4} [0-9:]+ [+-]\d{4} \(\w+\)/DATE/g;
		push @{$told{$name}}, $_;
	}
	return \%told;
}

sub differ {
	my ($name, $what, $theirs, $ours) = @_;
	if ($theirs eq $ours) { return 1 }
	for (['a', $theirs], ['b', $ours]) {
		open my $f, '>', "$ARGV[0]/$_->[0]" or die;
		print $f $_->[1];
	}
	print STDERR map { "#   $what: $_" } `diff -U1 $ARGV[0]/a $ARGV[0]/b | tail -n +3`;
	return 0;
}

sub compare {
	my ($dir) = @_;
	my ($their_log, $our_log) = (logs("$dir/peer/log/maillog"), logs("$dir/ours/log/mail.log"));
	my ($their_notices, $our_notices) = map { notices("$dir/$_/spool") } 'peer', 'ours';
	my $n = 2;
	for my $r (@rows) {
		my $name = $r->{name};
		next unless -e "$dir/peer-said/$name.talk" && -e "$dir/ours-said/$name.talk";
		my $ok = differ($name, "$name said", map { same_shape(slurp("$dir/$_-said/$name.talk")) } 'peer', 'ours');
		$ok &= differ($name, "$name log", map { join '', map { "$_\n" } @{$_->{$name} // []} } $their_log, $our_log);
		$ok &= differ($name, "$name policy", map { policy_shape(slurp("$dir/$_-said/$name.policy")) } 'peer', 'ours');
		$ok &= differ($name, "$name filter", map { filter_shape(sessions("$dir/$_-said/$name.filter")) } 'peer', 'ours');
		$ok &= differ($name, "$name notices", map { join '', sort @{$_->{$name} // []} } $their_notices, $our_notices);
		print $ok ? '' : 'not ', 'ok ', ++$n, " - $name\n";
	}
}

# ---- main ----

my @classes = ('policy', 'protocol', 'bounce', 'software', 'resource', 'policy, protocol, bounce');

my $mode = shift // 'names';
if ($mode eq 'services') {
	my ($port, $policy, $filter) = @ARGV;
	my $i = 0;
	for my $r (@rows) {
		print "127.0.0.1:$port inet n - n - - smtpd\n  -o syslog_name=$r->{name}\n";
		# All kinds of dialogues with each, whichever of them are held.
		my $class = $ENV{NOTIFY} // $classes[$i++ / 4 % @classes];
		$port++;
		for my $o (@{$r->{options}}, "notify_classes = $class", "error_notice_recipient = $r->{name}\@notice.example",
		    "bounce_notice_recipient = $r->{name}\@bounce.example") {
			my $t = $o;
			$t =~ s/\@POLICY\@/$policy/g;
			$t =~ s/\@FILTER\@/$filter/g;
			$t =~ s/\@NAME\@/$r->{name}/g;
			print "  -o { $t }\n";
		}
	}
} elsif ($mode eq 'compare') {
	compare(@ARGV);
} elsif ($mode eq 'names') {
	print "$_->{name}\n" for @rows;
} elsif ($mode eq 'show') {
	my ($r) = grep { $_->{name} eq $ARGV[0] } @rows;
	print join("\n", (map { "#-o $_" } @{$r->{options}}), @{$r->{lines}}), "\n";
} elsif ($mode eq 'talk') {
	my ($port, $dir, @only) = @ARGV;
	my $running = 0;
	for my $r (@rows) {
		my $p = $port++;
		next if @only && !grep { $_ eq $r->{name} } @only;
		if ($running >= 8) { wait; $running-- }
		$running++;
		next if fork;
		open STDOUT, '>', "$dir/$r->{name}.talk" or die;
		open STDERR, '>&', \*STDOUT;
		open my $out, '|-', $^X, "$FindBin::Bin/../talk.pl", $p or die;
		$SIG{PIPE} = 'IGNORE';
		print $out "$_\n" for @{$r->{lines}};
		close $out;
		exit 0;
	}
	1 while wait != -1;
} elsif ($mode eq 'policy') {
	my ($port, $dir) = @ARGV;
	my $l = IO::Socket::INET->new(Listen => 50, LocalAddr => '127.0.0.1', LocalPort => $port) or die "listen: $!";
	$SIG{CHLD} = 'IGNORE';
	while (my $c = $l->accept) {
		next if fork;
		my $text = '';
		while (my $in = <$c>) {
			$text .= $in;
			next if $in ne "\n";
			my ($name, $hex) = $text =~ m{^policy_context=([a-z0-9]+)(?:/([0-9a-f]*))?$}m;
			open my $f, '>>', "$dir/$name.policy";
			print $f $text;
			close $f;
			print $c 'action=', defined $hex ? pack('H*', $hex) : 'DUNNO', "\n\n";
			$c->flush;
			$text = '';
		}
		exit;
	}
} elsif ($mode eq 'filter') {
	my ($port, $dir) = @ARGV;
	my $l = IO::Socket::INET->new(Listen => 50, LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1) or die "listen: $!";
	$SIG{CHLD} = 'IGNORE';
	my $n = 0;
	while (my $c = $l->accept) {
		$n++;
		next if fork;
		filter($c, $dir, $n);
		exit;
	}
}

# What it answers depends on what it is sent.
sub filter {
	my ($c, $dir, $n) = @_;
	my ($said, $name, $code) = ('', 'unknown', '');
	$c->autoflush(1);
	print $c "220 filter\r\n";
	while (my $in = <$c>) {
		$said .= $in;
		if ($in =~ /^(EHLO|HELO) (.*?)\r/) {
			$name = $2;
			print $c $name =~ /greet/ ? "421 4.3.2 not now\r\n" : $name =~ /plain/ ? "250 filter\r\n" :
			    "250-filter\r\n250-XFORWARD NAME ADDR PROTO HELO PORT SOURCE IDENT\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8\r\n";
		} elsif ($in =~ /^DATA/) {
			if ($code eq 'nodata') { print $c "554 5.5.9 no data\r\n"; next }
			print $c "354 go on\r\n";
			my $content = '';
			while (my $line = <$c>) { $said .= $line; last if $line eq ".\r\n"; $content .= $line }
			last if $content =~ /drop/;
			print $c $content =~ /virus/ ? "550 5.7.1 virus\r\n" : $content =~ /later/ ? "451 4.3.9 later\r\n" :
			    $content =~ /multi/ ? "250-2.0.0 one\r\n250 2.0.0 two\r\n" : "250 2.0.0 filtered\r\n";
		} elsif ($in =~ /^(MAIL|RCPT).*<bad/) {
			print $c "550 5.1.1 bad\r\n";
		} elsif ($in =~ /<drop/) {
			last;
		} else {
			$code = 'nodata' if $in =~ /<nodata/;
			print $c "250 2.1.0 fine\r\n";
			last if $in =~ /^QUIT/;
		}
	}
	open my $f, '>', sprintf('%s/%s.filter.%06d', $dir, $name, $n);
	print $f "$said--\n";
}
