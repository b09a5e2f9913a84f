/*
 * init.c - write a private instance: everything below one directory
 *
 *	DIR/etc    main.cf, master.cf, aliases	DIR/spool  the queue
 *	DIR/data   caches and locks		DIR/mail   mailboxes
 *	DIR/log    mail.log
 *
 * An ordinary user gets an instance that belongs to that user and needs no
 * root, ever. For root it belongs to mail_owner as a system's does, so the
 * account must be there. SMTP listens on a free loopback port, and mail for
 * elsewhere goes to the port above it, where smtp-sink may listen: nothing
 * leaves this machine by accident.
 *
 * SPDX-License-Identifier: ISC
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/postfix/postfix.h"
#include "lib/base/account.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/conf/params.h"

static const char usage_text[] =
	"usage: postfix init [--port=N] [--owner=USER] DIR\n";

struct instance {
	char		 dir[PATH_MAX];
	char		 sbin[PATH_MAX];	/* postfix, sendmail, ... */
	char		 bin[PATH_MAX];		/* mailq, newaliases */
	char		 libexec[PATH_MAX];	/* posthornd */
	char		*owner, *group;
	uid_t		 uid;
	gid_t		 gid, group_id;
	int		 port;
};

static const char main_cf[] =
"# A private instance. Everything is below the directory that holds etc/.\n"
"# See which values differ from the defaults with: postconf -n\n"
"\n"
"compatibility_level = 3.6\n"
"queue_directory = %1$s/spool\n"
"data_directory = %1$s/data\n"
"command_directory = %2$s\n"
"daemon_directory = %3$s\n"
"meta_directory = %1$s/etc\n"
"sendmail_path = %2$s/sendmail\n"
"mailq_path = %9$s/mailq\n"
"newaliases_path = %9$s/newaliases\n"
"mail_owner = %4$s\n"
"setgid_group = %5$s\n"
"default_privs = %6$s\n"
"maillog_file = %1$s/log/mail.log\n"
"maillog_file_prefixes = %1$s\n"
"\n"
"# Who we are, and whose mail we take.\n"
"myhostname = posthorn.example\n"
"mydestination = $myhostname, localhost.$mydomain, localhost\n"
"inet_interfaces = 127.0.0.1\n"
"inet_protocols = ipv4\n"
"mynetworks = 127.0.0.0/8\n"
"\n"
"# Mail for elsewhere stays on this machine: it goes to the port below, where\n"
"# \"smtp-sink -v 127.0.0.1:%8$d 10\" can stand in for the rest of the world.\n"
"# Remove these four lines to deliver by DNS.\n"
"default_transport = smtp:[127.0.0.1]:%8$d\n"
"relay_transport = smtp:[127.0.0.1]:%8$d\n"
"smtp_dns_support_level = disabled\n"
"lmtp_dns_support_level = disabled\n"
"\n"
"# Local delivery.\n"
"local_recipient_maps = unix:passwd.byname $alias_maps\n"
"alias_maps = %7$s:%1$s/etc/aliases\n"
"alias_database = %7$s:%1$s/etc/aliases\n"
"mail_spool_directory = %1$s/mail\n"
"recipient_delimiter = +\n"
"biff = no\n";

static const char master_cf[] =
"# name   type       private unpriv chroot wakeup maxproc command + args\n"
"127.0.0.1:%1$d inet n    -      n      -      -       smtpd\n"
"pickup     unix       n       -      n      60     1       pickup\n"
"cleanup    unix       n       -      n      -      0       cleanup\n"
"qmgr       unix       n       -      n      300    1       qmgr\n"
"tlsmgr     unix       -       -      n      1000?  1       tlsmgr\n"
"rewrite    unix       -       -      n      -      -       trivial-rewrite\n"
"bounce     unix       -       -      n      -      0       bounce\n"
"defer      unix       -       -      n      -      0       bounce\n"
"trace      unix       -       -      n      -      0       bounce\n"
"verify     unix       -       -      n      -      1       verify\n"
"flush      unix       n       -      n      1000?  0       flush\n"
"proxymap   unix       -       -      n      -      -       proxymap\n"
"proxywrite unix       -       -      n      -      1       proxymap\n"
"smtp       unix       -       -      n      -      -       smtp\n"
"relay      unix       -       -      n      -      -       smtp\n"
"        -o syslog_name=postfix/$service_name\n"
"showq      unix       n       -      n      -      -       showq\n"
"error      unix       -       -      n      -      -       error\n"
"retry      unix       -       -      n      -      -       error\n"
"discard    unix       -       -      n      -      -       discard\n"
"local      unix       -       n      n      -      -       local\n"
"virtual    unix       -       n      n      -      -       virtual\n"
"lmtp       unix       -       -      n      -      -       lmtp\n"
"anvil      unix       -       -      n      -      1       anvil\n"
"scache     unix       -       -      n      -      1       scache\n"
"postlog    unix-dgram n       -      n      -      1       postlogd\n";

static const char aliases[] =
"# Who gets mail for these names. After a change: newaliases\n"
"postmaster:    %1$s\n"
"mailer-daemon: postmaster\n";

static void
usage(void)
{
	fputs(usage_text, stderr);
	exit(EX_USAGE);
}

/* A port that is free now, with a free one above it for smtp-sink. */
static int
free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd, above, port, tries;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (tries = 0; tries < 100; tries++) {
		a.sin_port = 0;
		if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
		    bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
		    getsockname(fd, (struct sockaddr *)&a, &len) == -1)
			log_fatal("find a free port: %s", strerror(errno));
		port = ntohs(a.sin_port);
		a.sin_port = htons((uint16_t)(port + 1));
		above = socket(AF_INET, SOCK_STREAM, 0);
		if (port < 65535 && above != -1 &&
		    bind(above, (struct sockaddr *)&a, sizeof(a)) == 0) {
			close(above);
			close(fd);
			return port;
		}
		close(above);
		close(fd);
	}
	log_fatal("no two free ports side by side");
}

/* Where below the folder of this program, or beside it, is that one? */
static bool
find_folder(struct instance *in, const char *folder, const char *program,
    char found[PATH_MAX])
{
	struct buf path = BUF_INIT;
	bool there;

	buf_setf(&path, "%s/%s/%s", in->sbin, folder, program);
	there = access(path.ptr, X_OK) == 0;
	buf_setf(&path, "%s/%s", in->sbin, folder);
	there = there && realpath(path.ptr, found) != NULL;
	buf_done(&path);
	return there;
}

/*
 * The programs of a build are all in one folder; installed ones are in three,
 * wherever the tree was put.
 */
static void
find_programs(struct instance *in)
{
	ssize_t n = readlink("/proc/self/exe", in->sbin, sizeof(in->sbin) - 1);
	char *slash;

	if (n <= 0)
		log_fatal("cannot find out where the programs are: %s",
		    strerror(errno));
	in->sbin[n] = '\0';
	if ((slash = strrchr(in->sbin, '/')) != NULL)
		*slash = '\0';
	if (!find_folder(in, ".", "posthornd", in->libexec) &&
	    !find_folder(in, "../libexec/posthorn", "posthornd", in->libexec))
		snprintf(in->libexec, sizeof(in->libexec), "%s",
		    params.daemon_directory);
	if (!find_folder(in, ".", "newaliases", in->bin) &&
	    !find_folder(in, "../bin", "newaliases", in->bin))
		snprintf(in->bin, sizeof(in->bin), "%s", in->sbin);
}

static void
find_owner(struct instance *in)
{
	struct passwd *pw;
	struct group *gr;
	const char *name = in->owner;

	if (name == NULL && geteuid() == 0)
		name = "postfix";
	pw = name != NULL ? account_named(name) : account_of(geteuid());
	if (pw == NULL && geteuid() == 0)
		log_fatal("there is no user %s: create the system user and "
		    "groups first (see README), name another with --owner, or "
		    "run this as an ordinary user", name);
	if (pw == NULL)
		log_fatal("who is the user with id %ld?", (long)geteuid());
	if (geteuid() != 0 && pw->pw_uid != geteuid())
		log_fatal("only root can make an instance for %s", name);
	if (geteuid() == 0 && pw->pw_uid == 0)
		log_fatal("mail_owner must not be root");
	in->uid = pw->pw_uid;
	in->gid = pw->pw_gid;
	in->owner = xstrdup(pw->pw_name);
	gr = geteuid() == 0 ? account_group_named("postdrop") : account_group_of(pw->pw_gid);
	if (gr == NULL)
		log_fatal("there is no group %s", geteuid() == 0 ?
		    "postdrop" : "for this user");
	in->group = xstrdup(gr->gr_name);
	in->group_id = gr->gr_gid;
}

static void
make_directory(struct instance *in, const char *name, mode_t mode, bool owned)
{
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;

	buf_setf(&path, "%s/%s", in->dir, name);
	if (file_mkdirs(path.ptr, 0755, &err) == -1)
		log_fatal("%s", err.text);
	if (chmod(path.ptr, mode) == -1 || (geteuid() == 0 && owned &&
	    chown(path.ptr, in->uid, in->gid) == -1))
		log_fatal("set rights of %s: %s", path.ptr, strerror(errno));
	buf_done(&path);
}

static void
write_file(struct instance *in, const char *name, struct buf *text)
{
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;

	buf_setf(&path, "%s/%s", in->dir, name);
	if (file_replace(path.ptr, text->ptr, text->len, 0644, (uid_t)-1,
	    (gid_t)-1, &err) == -1)
		log_fatal("%s", err.text);
	buf_done(&path);
}

/* Without an aliases table every local delivery would wait for it. */
static void
build_aliases(struct instance *in)
{
	struct buf path = BUF_INIT, config = BUF_INIT;
	char name[] = "newaliases";
	char *argv[] = { name, NULL };
	int status;

	buf_setf(&config, "%s/etc", in->dir);
	buf_setf(&path, "%s/newaliases", in->bin);
	setenv("MAIL_CONFIG", config.ptr, 1);
	if ((status = run_command(path.ptr, argv)) != 0)
		log_warning("%s ended with status %d: "
		    "run it before local delivery can work", path.ptr, status);
	buf_done(&path);
	buf_done(&config);
}

static void
write_configuration(struct instance *in)
{
	struct buf text = BUF_INIT;

	buf_setf(&text, main_cf, in->dir, in->sbin, in->libexec, in->owner,
	    in->group, geteuid() == 0 ? "nobody" : in->owner,
	    params.default_database_type, in->port + 1, in->bin);
	write_file(in, "etc/main.cf", &text);
	buf_setf(&text, master_cf, in->port);
	write_file(in, "etc/master.cf", &text);
	buf_setf(&text, aliases, geteuid() == 0 ? "nobody" : in->owner);
	write_file(in, "etc/aliases", &text);
	buf_done(&text);
}

static void
parse(int argc, char **argv, struct instance *in)
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "owner", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int64_t n;
	int ch;

	optind = 0;
	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (ch) {
		case 'p':
			if (num_parse_int(optarg, 1, 65534, &n, NULL) == -1)
				log_fatal("bad port number: %s", optarg);
			in->port = (int)n;
			break;
		case 'o': in->owner = optarg; break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default: usage();
		}
	}
	if (argc - optind != 1)
		usage();
	if (mkdir(argv[optind], 0755) == -1 && errno != EEXIST)
		log_fatal("create directory %s: %s", argv[optind],
		    strerror(errno));
	if (realpath(argv[optind], in->dir) == NULL)
		log_fatal("%s: %s", argv[optind], strerror(errno));
}

static void
make_places(struct instance *in)
{
	make_directory(in, "etc", 0755, false);
	make_directory(in, "spool", 0755, false);
	make_directory(in, "data", 0700, true);
	make_directory(in, "log", 0755, true);
	make_directory(in, "mail", geteuid() == 0 ? 01777 : 0755, false);
}

int
init_verb(char **args)
{
	struct instance in = { .port = 0 };
	struct params_context ctx = { .process_name = "postfix" };
	char config[PATH_MAX + 8];
	struct buf empty = BUF_INIT;
	struct err err = ERR_INIT;
	int argc = 1;

	while (args[argc - 1] != NULL)
		argc++;
	log_open("postfix init", LOG_TO_STDERR);
	parse(argc, args - 1, &in);
	snprintf(config, sizeof(config), "%s/etc", in.dir);
	find_owner(&in);
	make_places(&in);
	if (chdir(config) == 0 && access("main.cf", F_OK) == 0)
		log_fatal("%s/main.cf is there already", config);
	/* The built-in values are what an empty main.cf gives. */
	write_file(&in, "etc/main.cf", &empty);
	if (params_load(config, &ctx, &err) == -1)
		log_fatal("%s", err.text);
	find_programs(&in);
	if (in.port == 0)
		in.port = free_port();
	write_configuration(&in);
	if (params_load(config, &ctx, &err) == -1)
		log_fatal("%s", err.text);
	if (chdir(params.queue_directory) == -1 || layout_create() == -1)
		log_fatal("cannot make the queue below %s", in.dir);
	build_aliases(&in);
	printf("config_directory %s\nport %d\nowner %s\nlog %s/log/mail.log\n",
	    config, in.port, in.owner, in.dir);
	free(in.owner);
	free(in.group);
	return 0;
}
