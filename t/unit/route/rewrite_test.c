/*
 * rewrite_test.c - rewriting and routing give the answers of Debian's postfix
 *
 * Each table was produced by asking the rewrite service of a running Debian
 * postfix 3.7.11 with the same main.cf; where that leaves fields unset (bad
 * syntax) our own words stand.
 *
 * SPDX-License-Identifier: ISC
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/route/rewrite.h"
#include "t/unit/unit.h"

#define BASE \
	"compatibility_level = 3.6\n" \
	"myhostname = peer.example\n" \
	"mydestination = peer.example, localhost\n" \
	"inet_interfaces = 127.0.0.1\n" \
	"inet_protocols = ipv4\n" \
	"smtputf8_enable = yes\n" \
	"recipient_delimiter = +\n"

static const char plain_cf[] = BASE
	"mydomain = peer.example\n"
	"myorigin = peer.example\n"
	"default_transport = smtp:[127.0.0.1]:24501\n"
	"relay_transport = smtp:[127.0.0.1]:24501\n";

static const char rich_cf[] = BASE
	"default_transport = smtp\n"
	"relay_transport = relay\n"
	"relayhost = [rh.example]:99\n"
	"append_dot_mydomain = yes\n"
	"myorigin = origin.example\n"
	"mydomain = dom.example\n"
	"remote_header_rewrite_domain = remote.invalid\n"
	"virtual_alias_domains = va.example, both.example\n"
	"virtual_mailbox_domains = vm.example, both.example, peer.example\n"
	"relay_domains = relay.example\n"
	"virtual_alias_maps = inline:{{x@va.example = y}}\n"
	"transport_maps = inline:{{t1@peer.example = tr1:nh1},"
	"{t2.example = tr2:},{t3.example=tr3},{t4.example= :nh4},"
	"{t5.example= :},{.t6.example=tr6:nh6},{u@t7.example=err7:},"
	"{t8.example=error:},{t9.example=error:5.1.1 no},"
	"{t10+x@peer.example=a:b},{t11@peer.example=c:d},"
	"{relay.example=x:},{vm.example=vmt:},{va.example=vat:}}\n"
	"relocated_maps = inline:{{gone@peer.example=new@x.example},"
	"{gone@va.example=z},{@gonedom.example=elsewhere},{bare=q@r}}\n"
	"sender_dependent_relayhost_maps = inline:{{s1@x=[srh.example]},"
	"{<>=[nullrh]},{s3@x=DUNNO},{s4@x=}}\n"
	"sender_dependent_default_transport_maps = inline:{{s2@x=sdt:sdn},"
	"{s5@x=sdt:},{s3@x=dunno},{s6@x= :onlyhop}}\n";

struct rewriting {
	enum rewrite_rule rule;
	const char	*address, *out;
};

struct routing {
	bool		 is_probe;
	const char	*sender, *address;
	const char	*transport, *nexthop, *recipient;
	unsigned	 flags;
};

static const struct rewriting rw1_rewrites[] = {
	{ REWRITE_LOCAL, "a", "a@peer.example" },
	{ REWRITE_LOCAL, "a@b", "a@b" },
	{ REWRITE_LOCAL, "a@b.c", "a@b.c" },
	{ REWRITE_LOCAL, "b!a", "a@b" },
	{ REWRITE_LOCAL, "c!b!a", "b!a@c" },
	{ REWRITE_LOCAL, "b!a@c", "b!a@c" },
	{ REWRITE_LOCAL, "a%b", "a@b" },
	{ REWRITE_LOCAL, "a%b%c", "a%b@c" },
	{ REWRITE_LOCAL, "a%b@c", "a%b@c" },
	{ REWRITE_LOCAL, "a%b@peer.example", "a%b@peer.example" },
	{ REWRITE_LOCAL, "\"a b\"", "\"a b\"@peer.example" },
	{ REWRITE_LOCAL, "a b", "\"a b\"@peer.example" },
	{ REWRITE_LOCAL, "", "" },
	{ REWRITE_LOCAL, "a@", "a@" },
	{ REWRITE_LOCAL, "@b", "\"\"@b" },
	{ REWRITE_LOCAL, "@b:c", "c@peer.example" },
	{ REWRITE_LOCAL, "@b:c@d", "c@d" },
	{ REWRITE_LOCAL, "@b,@c:d@e", "d@e" },
	{ REWRITE_LOCAL, "<a@b>", "\"<a\"@b>" },
	{ REWRITE_LOCAL, "<a>", "\"<a>\"@peer.example" },
	{ REWRITE_LOCAL, "a@b.", "a@b" },
	{ REWRITE_LOCAL, "a@.b", "a@.b" },
	{ REWRITE_LOCAL, "a@b..", "a@b.." },
	{ REWRITE_LOCAL, "a.", "\"a.\"@peer.example" },
	{ REWRITE_LOCAL, ".a", "\".a\"@peer.example" },
	{ REWRITE_LOCAL, "\"a@b\"", "\"a@b\"@peer.example" },
	{ REWRITE_LOCAL, "a@b@c", "\"a@b\"@c" },
	{ REWRITE_LOCAL, "a@[1.2.3.4]", "a@[1.2.3.4]" },
	{ REWRITE_LOCAL, "a@1.2.3.4", "a@1.2.3.4" },
	{ REWRITE_LOCAL, "(c) a", "\"(c) a\"@peer.example" },
	{ REWRITE_LOCAL, "a (c)", "\"a (c)\"@peer.example" },
	{ REWRITE_LOCAL, "a, b", "\"a, b\"@peer.example" },
	{ REWRITE_LOCAL, "Full Name <a>", "\"Full Name <a>\"@peer.example" },
	{ REWRITE_LOCAL, "a!", "\"\"@a" },
	{ REWRITE_LOCAL, "!a", "a@" },
	{ REWRITE_LOCAL, "%a", "\"\"@a" },
	{ REWRITE_LOCAL, "a%", "a@" },
	{ REWRITE_LOCAL, "\"a%b\"", "a%b@peer.example" },
	{ REWRITE_LOCAL, "\"a!b\"", "a!b@peer.example" },
	{ REWRITE_LOCAL, "a@B.C.", "a@B.C" },
	{ REWRITE_LOCAL, "A@localhost", "A@localhost" },
	{ REWRITE_LOCAL, "postmaster", "postmaster@peer.example" },
	{ REWRITE_LOCAL, "a\\b", "ab@peer.example" },
	{ REWRITE_LOCAL, "a:b", "\"a:b\"@peer.example" },
	{ REWRITE_LOCAL, "a;b", "\"a;b\"@peer.example" },
	{ REWRITE_LOCAL, "\"a\"", "a@peer.example" },
	{ REWRITE_LOCAL, "\"a\"@b.c", "a@b.c" },
	{ REWRITE_LOCAL, "\"a.b\"@b.c", "a.b@b.c" },
	{ REWRITE_LOCAL, "MAILER-DAEMON", "MAILER-DAEMON@peer.example" },
	{ REWRITE_LOCAL, "x@y%z", "x@y%z" },
	{ REWRITE_LOCAL, "a@b.c:d", "a@b.c:d" },
	{ REWRITE_LOCAL, "a@#1", "a@#1" },
	{ REWRITE_LOCAL, "a@\"b c\"", "a@b c" },
	{ REWRITE_LOCAL, "\"unterm", "unterm@peer.example" },
	{ REWRITE_REMOTE, "a", "a" },
	{ REWRITE_REMOTE, "a@b", "a@b" },
	{ REWRITE_REMOTE, "b!a", "a@b" },
	{ REWRITE_REMOTE, "a%b", "a@b" },
	{ REWRITE_REMOTE, "", "" },
	{ REWRITE_REMOTE, "a@b.", "a@b" },
};

static const struct routing rw1_routes[] = {
	{ false, "", "a",
	    "local", "peer.example", "a@peer.example", 256 },
	{ false, "", "a@b.c",
	    "smtp", "[127.0.0.1]:24501", "a@b.c", 4096 },
	{ false, "", "a@peer.example",
	    "local", "peer.example", "a@peer.example", 256 },
	{ false, "", "a@PEER.example",
	    "local", "peer.example", "a@PEER.example", 256 },
	{ false, "", "a@localhost",
	    "local", "peer.example", "a@localhost", 256 },
	{ false, "", "a@b@c",
	    "smtp", "[127.0.0.1]:24501", "a@b@c", 4098 },
	{ false, "", "a%b@peer.example",
	    "smtp", "[127.0.0.1]:24501", "a@b", 4096 },
	{ false, "", "b!a@peer.example",
	    "smtp", "[127.0.0.1]:24501", "a@b", 4096 },
	{ false, "", "a%b@c.d",
	    "smtp", "[127.0.0.1]:24501", "a%b@c.d", 4098 },
	{ false, "", "@peer.example",
	    "local", "peer.example", "MAILER-DAEMON@peer.example", 256 },
	{ false, "", "",
	    "local", "peer.example", "MAILER-DAEMON@peer.example", 256 },
	{ false, "", "@",
	    "error", "5.1.3 bad address syntax", "MAILER-DAEMON@", 4100 },
	{ false, "", "a@",
	    "error", "5.1.3 bad address syntax", "a@", 4100 },
	{ false, "", "@b.c",
	    "smtp", "[127.0.0.1]:24501", "@b.c", 4096 },
	{ false, "", "a@[127.0.0.1]",
	    "local", "peer.example", "a@[127.0.0.1]", 256 },
	{ false, "", "a@[1.2.3.4]",
	    "smtp", "[127.0.0.1]:24501", "a@[1.2.3.4]", 4096 },
	{ false, "", "a@[ipv6:::1]",
	    "smtp", "[127.0.0.1]:24501", "a@[ipv6:::1]", 4096 },
	{ false, "", "a@[IPv6:2001:db8::1]",
	    "smtp", "[127.0.0.1]:24501", "a@[IPv6:2001:db8::1]", 4096 },
	{ false, "", "a@[foo]",
	    "error", "5.1.3 bad address syntax", "a@[foo]", 4100 },
	{ false, "", "a@1.2.3.4",
	    "error", "5.1.3 bad address syntax", "a@1.2.3.4", 4100 },
	{ false, "", "a@127.0.0.1",
	    "error", "5.1.3 bad address syntax", "a@127.0.0.1", 4100 },
	{ false, "", "-a@b.c",
	    "smtp", "[127.0.0.1]:24501", "-a@b.c", 4100 },
	{ false, "", "-a@peer.example",
	    "local", "peer.example", "-a@peer.example", 260 },
	{ false, "", "a@b c",
	    "error", "5.1.3 bad address syntax", "a@b c", 4100 },
	{ false, "", "a b@c.d",
	    "smtp", "[127.0.0.1]:24501", "a b@c.d", 4096 },
	{ false, "", "a@b.c.",
	    "smtp", "[127.0.0.1]:24501", "a@b.c", 4096 },
	{ false, "", "a@.b.c",
	    "error", "5.1.3 bad address syntax", "a@.b.c", 4100 },
	{ false, "", "a@b..c",
	    "error", "5.1.3 bad address syntax", "a@b..c", 4100 },
	{ false, "", "a@-b",
	    "error", "5.1.3 bad address syntax", "a@-b", 4100 },
	{ false, "", "a@b_c",
	    "smtp", "[127.0.0.1]:24501", "a@b_c", 4096 },
	{ false, "", "\"a\"@b.c",
	    "smtp", "[127.0.0.1]:24501", "\"a\"@b.c", 4096 },
	{ false, "", "a\"b@c.d",
	    "smtp", "[127.0.0.1]:24501", "a\"b@c.d", 4096 },
	{ false, "", "@b:c@d",
	    "smtp", "[127.0.0.1]:24501", "@b:c@d", 4098 },
	{ false, "", "a@b:c@d",
	    "smtp", "[127.0.0.1]:24501", "a@b:c@d", 4098 },
	{ false, "", "a@b@peer.example",
	    "smtp", "[127.0.0.1]:24501", "a@b", 4096 },
	{ false, "", "a@b.c@peer.example",
	    "smtp", "[127.0.0.1]:24501", "a@b.c", 4096 },
	{ false, "", "a%b",
	    "smtp", "[127.0.0.1]:24501", "a@b", 4096 },
	{ false, "", "a!b",
	    "smtp", "[127.0.0.1]:24501", "b@a", 4096 },
	{ false, "", "a@b%peer.example",
	    "error", "5.1.3 bad address syntax", "a@b%peer.example", 4100 },
	{ false, "", "postmaster",
	    "local", "peer.example", "postmaster@peer.example", 256 },
	{ false, "", "postmaster@",
	    "error", "5.1.3 bad address syntax", "postmaster@", 4100 },
	{ false, "", "a@peer.example@peer.example",
	    "local", "peer.example", "a@peer.example", 256 },
	{ false, "", "a%@peer.example",
	    "error", "5.1.3 bad address syntax", "a@", 4100 },
	{ false, "", "!a@peer.example",
	    "error", "5.1.3 bad address syntax", "a@", 4100 },
	{ false, "", "a!@peer.example",
	    "smtp", "[127.0.0.1]:24501", "@a", 4096 },
	{ false, "", "%@peer.example",
	    "error", "5.1.3 bad address syntax", "MAILER-DAEMON@", 4100 },
	{ false, "", "a@peer.example%peer.example",
	    "error", "5.1.3 bad address syntax", "a@peer.example%peer.example", 4100 },
	{ false, "", "a%b%c@peer.example",
	    "smtp", "[127.0.0.1]:24501", "a%b@c", 4098 },
	{ false, "", "x!a%b@peer.example",
	    "smtp", "[127.0.0.1]:24501", "a%b@x", 4098 },
	{ false, "", "-@b",
	    "smtp", "[127.0.0.1]:24501", "-@b", 4100 },
	{ false, "", "user+ext@peer.example",
	    "local", "peer.example", "user+ext@peer.example", 256 },
	{ false, "", "a@b.c,d@e",
	    "smtp", "[127.0.0.1]:24501", "a@b.c,d@e", 4098 },
	{ false, "", "a@peer.example.",
	    "local", "peer.example", "a@peer.example", 256 },
	{ false, "", "a@[127.0.0.1",
	    "local", "peer.example", "a@[127.0.0.1]", 256 },
	{ false, "", "a@[]",
	    "error", "5.1.3 bad address syntax", "a@[]", 4100 },
	{ false, "", "a@b/c",
	    "error", "5.1.3 bad address syntax", "a@b/c", 4100 },
};

static const struct rewriting rw2_rewrites[] = {
	{ REWRITE_LOCAL, "a", "a@origin.example" },
	{ REWRITE_LOCAL, "a@b", "a@b.dom.example" },
	{ REWRITE_LOCAL, "a@b.", "a@b" },
	{ REWRITE_LOCAL, "a@localhost", "a@localhost.dom.example" },
	{ REWRITE_LOCAL, "a@b.c", "a@b.c" },
	{ REWRITE_LOCAL, "a!b", "b@a.dom.example" },
	{ REWRITE_LOCAL, "a%b", "a@b.dom.example" },
	{ REWRITE_LOCAL, "\"\"@b", "\"\"@b.dom.example" },
	{ REWRITE_LOCAL, "@b", "\"\"@b.dom.example" },
	{ REWRITE_LOCAL, "a@", "a@" },
	{ REWRITE_LOCAL, "a@[1.2.3.4]", "a@[1.2.3.4]" },
	{ REWRITE_LOCAL, "a@[foo]", "a@[foo]" },
	{ REWRITE_LOCAL, "a@.b", "a@.b" },
	{ REWRITE_LOCAL, "a@b..", "a@b.." },
	{ REWRITE_REMOTE, "a", "a@remote.invalid" },
	{ REWRITE_REMOTE, "a@b", "a@b.remote.invalid" },
	{ REWRITE_REMOTE, "a@b.", "a@b" },
	{ REWRITE_REMOTE, "a!b", "b@a.remote.invalid" },
	{ REWRITE_REMOTE, "\"a b\"", "\"a b\"@remote.invalid" },
	{ REWRITE_REMOTE, "", "" },
};

static const struct routing rw2_routes[] = {
	{ false, "", "",
	    "local", "peer.example", "MAILER-DAEMON@peer.example", 256 },
	{ false, "", "@peer.example",
	    "local", "peer.example", "MAILER-DAEMON@peer.example", 256 },
	{ false, "", "a",
	    "local", "peer.example", "a@peer.example", 256 },
	{ false, "", "a%b",
	    "smtp", "[nullrh]", "a@b.dom.example", 4096 },
	{ false, "", "a@b",
	    "smtp", "[nullrh]", "a@b", 4096 },
	{ false, "", "a@va.example",
	    "error", "5.1.1 User unknown in virtual alias table", "a@va.example", 512 },
	{ false, "", "a@vm.example",
	    "vmt", "vm.example", "a@vm.example", 1024 },
	{ false, "", "a@both.example",
	    "error", "5.1.1 User unknown in virtual alias table", "a@both.example", 512 },
	{ false, "", "a@peer.example",
	    "local", "peer.example", "a@peer.example", 256 },
	{ false, "", "a@relay.example",
	    "x", "relay.example", "a@relay.example", 2048 },
	{ false, "", "a@sub.relay.example",
	    "relay", "[nullrh]", "a@sub.relay.example", 2048 },
	{ false, "", "a@foo.example",
	    "smtp", "[nullrh]", "a@foo.example", 4096 },
	{ false, "s1@x", "a@foo.example",
	    "smtp", "[srh.example]", "a@foo.example", 4096 },
	{ false, "S1@X", "a@foo.example",
	    "smtp", "[srh.example]", "a@foo.example", 4096 },
	{ false, "s2@x", "a@foo.example",
	    "sdt", "sdn", "a@foo.example", 4096 },
	{ false, "s3@x", "a@foo.example",
	    "smtp", "[rh.example]:99", "a@foo.example", 4096 },
	{ false, "s4@x", "a@foo.example",
	    "smtp", "NEXTHOP NOT UPDATED", "a@foo.example", 4104 },
	{ false, "s5@x", "a@foo.example",
	    "sdt", "[rh.example]:99", "a@foo.example", 4096 },
	{ false, "s6@x", "a@foo.example",
	    "", "onlyhop", "a@foo.example", 4104 },
	{ false, "s1@x", "a@relay.example",
	    "x", "relay.example", "a@relay.example", 2048 },
	{ false, "s2@x", "a@relay.example",
	    "x", "relay.example", "a@relay.example", 2048 },
	{ false, "s1@x", "a@vm.example",
	    "vmt", "vm.example", "a@vm.example", 1024 },
	{ false, "", "t1@peer.example",
	    "tr1", "nh1", "t1@peer.example", 256 },
	{ false, "", "a@t2.example",
	    "tr2", "t2.example", "a@t2.example", 4096 },
	{ false, "", "a@t3.example",
	    "tr3", "t3.example", "a@t3.example", 4096 },
	{ false, "", "a@t4.example",
	    "smtp", "nh4", "a@t4.example", 4096 },
	{ false, "s2@x", "a@t4.example",
	    "sdt", "nh4", "a@t4.example", 4096 },
	{ false, "s2@x", "a@t5.example",
	    "sdt", "sdn", "a@t5.example", 4096 },
	{ false, "", "a@t5.example",
	    "smtp", "[nullrh]", "a@t5.example", 4096 },
	{ false, "", "a@sub.t6.example",
	    "tr6", "nh6", "a@sub.t6.example", 4096 },
	{ false, "", "a@t6.example",
	    "smtp", "[nullrh]", "a@t6.example", 4096 },
	{ false, "", "u@t7.example",
	    "err7", "t7.example", "u@t7.example", 4096 },
	{ false, "", "v@t7.example",
	    "smtp", "[nullrh]", "v@t7.example", 4096 },
	{ false, "", "a@t8.example",
	    "error", "Address is undeliverable", "a@t8.example", 4096 },
	{ false, "", "a@t9.example",
	    "error", "5.1.1 no", "a@t9.example", 4096 },
	{ false, "", "t10+x@peer.example",
	    "a", "b", "t10+x@peer.example", 256 },
	{ false, "", "t11+x@peer.example",
	    "c", "d", "t11+x@peer.example", 256 },
	{ false, "", "gone@peer.example",
	    "error", "5.1.6 User has moved to new@x.example", "gone@peer.example", 256 },
	{ false, "", "gone+x@peer.example",
	    "error", "5.1.6 User has moved to new@x.example", "gone+x@peer.example", 256 },
	{ false, "", "gone@va.example",
	    "error", "5.1.6 User has moved to z", "gone@va.example", 512 },
	{ false, "", "a@gonedom.example",
	    "error", "5.1.6 User has moved to elsewhere", "a@gonedom.example", 4096 },
	{ false, "", "bare@origin.example",
	    "error", "5.1.6 User has moved to q@r", "bare@origin.example", 4096 },
	{ false, "", "bare@peer.example",
	    "error", "5.1.6 User has moved to q@r", "bare@peer.example", 256 },
	{ false, "", "a%foo.example@relay.example",
	    "x", "relay.example", "a%foo.example@relay.example", 2050 },
	{ false, "", "a@foo.example@vm.example",
	    "vmt", "vm.example", "a@foo.example@vm.example", 1026 },
	{ false, "", "a%foo.example@va.example",
	    "error", "5.1.1 User unknown in virtual alias table", "a%foo.example@va.example", 514 },
	{ false, "", "a@origin.example",
	    "smtp", "[nullrh]", "a@origin.example", 4096 },
	{ false, "", "a@[1.2.3.4]",
	    "smtp", "[nullrh]", "a@[1.2.3.4]", 4096 },
	{ false, "", "a@1.2.3.4",
	    "error", "5.1.3 bad address syntax", "a@1.2.3.4", 4100 },
	{ true, "", "a@foo.example",
	    "smtp", "[nullrh]", "a@foo.example", 4096 },
};
/* load - every test is a process of its own, so this is done once in each */
static void
load(const char *text)
{
	char dir[] = "/tmp/rewrite_test.XXXXXX";
	struct params_context ctx = { "trivial-rewrite", "rewrite", NULL, false,
	    false };
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	FILE *fp;
	int rc;

	log_to(0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	buf_setf(&path, "%s/main.cf", dir);
	ck_assert_ptr_nonnull(fp = fopen(path.ptr, "w"));
	fputs(text, fp);
	fclose(fp);
	rc = params_load(dir, &ctx, &err);
	unlink(path.ptr);
	rmdir(dir);
	buf_done(&path);
	ck_assert_msg(rc == 0, "%s", err.text);
	rewrite_init();
}

static void
check_rewriting(const char *cf, const struct rewriting *t)
{
	struct buf out = BUF_INIT;

	load(cf);
	rewrite_address(t->rule, t->address, &out);
	ck_assert_msg(strcmp(out.ptr, t->out) == 0, "%s: got %s, expected %s",
	    t->address, out.ptr, t->out);
	buf_done(&out);
}

static void
check_answer(const struct routing *t)
{
	struct resolve_reply r;

	resolve_reply_init(&r);
	rewrite_resolve(t->sender, t->address, t->is_probe, &r);
	ck_assert_msg(r.flags == t->flags, "%s: flags %u, expected %u",
	    t->address, r.flags, t->flags);
	ck_assert_int_gt(r.transport->len, 0);
	ck_assert_int_gt(r.nexthop->len, 0);
	if ((t->flags & RESOLVE_FAIL) == 0)
		ck_assert_str_eq(r.recipient->ptr, t->recipient);
	if ((t->flags & (RESOLVE_FAIL | RESOLVE_ERROR)) == 0) {
		ck_assert_str_eq(r.transport->ptr, t->transport);
		ck_assert_str_eq(r.nexthop->ptr, t->nexthop);
	}
	resolve_reply_done(&r);
}

static void
check_routing(const char *cf, const struct routing *t)
{
	load(cf);
	check_answer(t);
	check_answer(t);		/* what was kept says the same */
}

START_TEST(a_plain_configuration_rewrites)
{
	check_rewriting(plain_cf, &rw1_rewrites[_i]);
}
END_TEST

START_TEST(a_plain_configuration_routes)
{
	check_routing(plain_cf, &rw1_routes[_i]);
}
END_TEST

START_TEST(a_rich_configuration_rewrites)
{
	check_rewriting(rich_cf, &rw2_rewrites[_i]);
}
END_TEST

START_TEST(a_rich_configuration_routes)
{
	check_routing(rich_cf, &rw2_routes[_i]);
}
END_TEST

static void
check_transport(const char *sender, bool is_probe, const char *expected)
{
	struct resolve_reply r;

	resolve_reply_init(&r);
	rewrite_resolve(sender, "user@elsewhere.example", is_probe, &r);
	ck_assert_str_eq(r.transport->ptr, expected);
	resolve_reply_done(&r);
}

START_TEST(answers_that_were_kept_do_not_mix)
{
	int round;

	load(BASE "sender_dependent_default_transport_maps = "
	    "inline:{{s1@a.example=t1:},{s2@a.example=t2:}}\n"
	    "address_verify_default_transport = probing\n"
	    "address_verify_sender_dependent_default_transport_maps =\n");
	for (round = 0; round < 2; round++) {
		check_transport("s1@a.example", false, "t1");
		check_transport("s2@a.example", false, "t2");
		check_transport("s1@a.example", true, "probing");
		check_transport("", false, "smtp");
	}
}
END_TEST

START_TEST(operators_can_be_switched_off)
{
	struct buf out = BUF_INIT;
	struct resolve_reply r;

	load(BASE "swap_bangpath = no\nallow_percent_hack = no\n"
	    "append_at_myorigin = no\nresolve_null_domain = yes\n"
	    "resolve_numeric_domain = yes\nallow_min_user = yes\n"
	    "resolve_dequoted_address = no\n");
	rewrite_address(REWRITE_LOCAL, "a!b", &out);
	ck_assert_str_eq(out.ptr, "a!b");
	rewrite_address(REWRITE_LOCAL, "a%b", &out);
	ck_assert_str_eq(out.ptr, "a%b");
	resolve_reply_init(&r);
	rewrite_resolve("", "a@", false, &r);
	ck_assert_uint_eq(r.flags, RESOLVE_LOCAL);
	rewrite_resolve("", "a@1.2.3.4", false, &r);
	ck_assert_uint_eq(r.flags, RESOLVE_DEFAULT);
	ck_assert_str_eq(r.recipient->ptr, "a@[1.2.3.4]");
	rewrite_resolve("", "-a@peer.example", false, &r);
	ck_assert_uint_eq(r.flags, RESOLVE_LOCAL);
	rewrite_resolve("", "a@b@c.example", false, &r);
	ck_assert_uint_eq(r.flags, RESOLVE_DEFAULT);
	resolve_reply_done(&r);
	buf_done(&out);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("rewrite");

	UNIT_LOOP(tc, a_plain_configuration_rewrites, rw1_rewrites);
	UNIT_LOOP(tc, a_plain_configuration_routes, rw1_routes);
	UNIT_LOOP(tc, a_rich_configuration_rewrites, rw2_rewrites);
	UNIT_LOOP(tc, a_rich_configuration_routes, rw2_routes);
	tcase_add_test(tc, answers_that_were_kept_do_not_mix);
	tcase_add_test(tc, operators_can_be_switched_off);
	return unit_run("rewrite", tc);
}
