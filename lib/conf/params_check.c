/*
 * params_check.c - start-up checks, private instances, and the logger
 *
 * What a loaded configuration means for this process: whether its names and
 * ids make sense, whether the whole instance belongs to an ordinary user, and
 * where log lines go.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/params.h"

#include <ctype.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params_internal.h"

#define LABEL_MAX	63	/* RFC 1035 2.3.4 */
#define HOSTNAME_MAX	255

static bool is_private;

/*
 * The owner of everything is the caller: the account that mail_owner names,
 * and the queue directory too. The second keeps a role of a system instance
 * that already dropped root from looking like a private one.
 */
void
params_note_owner(void)
{
	static bool is_known;
	struct passwd *pw;
	struct stat st;

	if (is_known)
		return;
	is_known = true;
	if (geteuid() == 0 || getuid() != geteuid())
		return;
	if ((pw = account_named(params.mail_owner)) == NULL ||
	    pw->pw_uid != geteuid())
		return;
	is_private = stat(params.queue_directory, &st) == -1 ||
	    st.st_uid == geteuid();
}

bool
params_is_private(void)
{
	return is_private;
}

static int
bad(struct err *err, const char *fmt, const char *a, const char *b)
{
	struct buf text = BUF_INIT;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buf_addf(&text, fmt, a, b);
#pragma GCC diagnostic pop
	err_set(err, ERR_CONFIG, "file %s: %s", params_file(), text.ptr);
	buf_done(&text);
	return -1;
}

static bool
is_hostname(const char *name)
{
	size_t label = 0, n;

	for (n = 0; name[n] != '\0'; n++) {
		unsigned char c = (unsigned char)name[n];

		if (c == '.' || c == '-') {
			/* No empty label, no label that begins or ends with '-'. */
			if (label == 0 || (c == '.' && name[n - 1] == '-'))
				return false;
			label = c == '.' ? 0 : label + 1;
		} else if (isalnum(c) || c == '_' || c >= 0x80)
			label++;
		else
			return false;
		if (label > LABEL_MAX)
			return false;
	}
	return n > 0 && n <= HOSTNAME_MAX && label > 0 && name[n - 1] != '-';
}

static int
check_names(struct err *err)
{
	if (!is_hostname(params.myhostname))
		return bad(err, "parameter myhostname: bad parameter value: "
		    "%s%s", params.myhostname, "");
	if (!is_hostname(params.mydomain))
		return bad(err, "parameter mydomain: bad parameter value: "
		    "%s%s", params.mydomain, "");
	return 0;
}

struct account {
	uid_t	uid;
	gid_t	gid;
};

static int
check_account(const char *parameter, const char *name, struct account *a,
    struct err *err)
{
	struct passwd *pw = getpwnam(name);
	const char *what = NULL;

	if (pw == NULL)
		return err_set(err, ERR_CONFIG, "file %s: parameter %s: "
		    "unknown user name value: %s", params_file(), parameter,
		    name);
	if (pw->pw_uid == 0)
		what = "user";
	else if (pw->pw_gid == 0)
		what = "group";
	if (what != NULL)
		return err_set(err, ERR_CONFIG, "file %s: parameter %s: user "
		    "%s has privileged %s ID", params_file(), parameter, name,
		    what);
	a->uid = pw->pw_uid;
	a->gid = pw->pw_gid;
	return 0;
}

static int
check_group(struct account *a, struct err *err)
{
	struct group *gr = getgrnam(params.setgid_group);

	if (gr == NULL)
		return bad(err, "parameter setgid_group: unknown group name: "
		    "%s%s", params.setgid_group, "");
	a->gid = gr->gr_gid;
	if (gr->gr_gid == 0)
		return bad(err, "parameter setgid_group: group %s has "
		    "privileged group ID%s", params.setgid_group, "");
	gr = getgrgid(a->gid);
	if (gr != NULL && strcmp(gr->gr_name, params.setgid_group) != 0)
		return err_set(err, ERR_CONFIG, "file %s: parameter "
		    "setgid_group: group %s has the same group ID %ld as "
		    "group %s", params_file(), params.setgid_group,
		    (long)a->gid, gr->gr_name);
	return 0;
}

static int
check_apart(const struct account *privs, const struct account *owner,
    const struct account *group, struct err *err)
{
	const char *what = NULL;
	long id = 0;

	if (strcmp(params.default_privs, params.mail_owner) == 0)
		return bad(err, "parameters default_privs and mail_owner "
		    "specify the same user %s%s", params.mail_owner, "");
	if (privs->uid == owner->uid) {
		what = "user";
		id = (long)privs->uid;
	} else if (privs->gid == owner->gid) {
		what = "group";
		id = (long)privs->gid;
	}
	if (what != NULL)
		return err_set(err, ERR_CONFIG, "file %s: parameters "
		    "default_privs and mail_owner: users %s and %s have the "
		    "same %s ID: %ld", params_file(), params.default_privs,
		    params.mail_owner, what, id);
	if (privs->gid == group->gid)
		return err_set(err, ERR_CONFIG, "file %s: parameters "
		    "default_privs and setgid_group: user %s and group %s "
		    "have the same group ID: %ld", params_file(),
		    params.default_privs, params.setgid_group,
		    (long)group->gid);
	if (owner->gid == group->gid)
		return err_set(err, ERR_CONFIG, "file %s: parameters "
		    "mail_owner and setgid_group: user %s and group %s "
		    "have the same group ID: %ld", params_file(),
		    params.mail_owner, params.setgid_group, (long)group->gid);
	return 0;
}

static int
check_ids(struct err *err)
{
	struct account privs, owner, group;
	struct passwd *pw;

	if (check_account("default_privs", params.default_privs, &privs,
	    err) == -1 ||
	    check_account("mail_owner", params.mail_owner, &owner, err) == -1)
		return -1;
	pw = getpwuid(owner.uid);
	if (pw != NULL && strcmp(pw->pw_name, params.mail_owner) != 0)
		return err_set(err, ERR_CONFIG, "file %s: parameter "
		    "mail_owner: user %s has the same user ID %ld as user %s",
		    params_file(), params.mail_owner, (long)owner.uid,
		    pw->pw_name);
	if (check_group(&group, err) == -1)
		return -1;
	return check_apart(&privs, &owner, &group, err);
}

int
params_check(struct err *err)
{
	if (check_names(err) == -1)
		return -1;
	if (!is_private && check_ids(err) == -1)
		return -1;
	if (strcasecmp(params.relayhost, params.myhostname) == 0)
		return err_set(err, ERR_CONFIG, "myhostname and relayhost "
		    "parameter settings must not be identical: %s",
		    params.relayhost);
	if (params.myorigin[strcspn(params.myorigin, TEXT_LIST_SEP)] != '\0')
		return err_set(err, ERR_CONFIG, "myorigin parameter setting "
		    "must not contain multiple values: %s", params.myorigin);
	return 0;
}

/* Only a file below maillog_file_prefixes may be a log (spec/services.md). */
static bool
is_log_path(const char *path)
{
	char *list = xstrdup(params.maillog_file_prefixes), *rest = list;
	char *prefix;
	bool found = false;

	while (!found && (prefix = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		size_t n = strlen(prefix);

		found = strncmp(path, prefix, n) == 0 &&
		    (path[n] == '/' || path[n] == '\0' ||
		    (n > 0 && prefix[n - 1] == '/'));
	}
	free(list);
	return found && strstr(path, "/../") == NULL;
}

void
params_log(unsigned to, bool may_write_file)
{
	struct buf relative = BUF_INIT, path = BUF_INIT;
	const char *file = params.maillog_file;

	log_tag(params.syslog_name, params.syslog_facility);
	setenv("MAIL_LOGTAG", params.syslog_name, 1);
	if (*file == '\0') {
		log_to(to | LOG_TO_SYSLOG);
		return;
	}
	buf_setf(&relative, "public/%s", params.postlog_service_name);
	buf_setf(&path, "%s/%s", params.queue_directory, relative.ptr);
	setenv("POSTLOG_SERVICE", path.ptr, 1);
	setenv("POSTLOG_HOSTNAME", params.myhostname, 1);
	log_postlog(path.ptr, relative.ptr, params.myhostname,
	    may_write_file && is_log_path(file) ? file : NULL);
	log_to(to | LOG_TO_POSTLOG);
	buf_done(&relative);
	buf_done(&path);
}
