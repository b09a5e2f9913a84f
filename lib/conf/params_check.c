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

struct account {
	uid_t	uid;
	gid_t	gid;
};

static int
check_account(const char *parameter, const char *name, struct account *a,
    struct err *err)
{
	struct passwd *pw = account_named(name);
	const char *what = NULL;

	if (pw == NULL)
		return err_set(err, ERR_CONFIG, "parameter %s: unknown user "
		    "name value: %s", parameter, name);
	if (pw->pw_uid == 0)
		what = "user";
	else if (pw->pw_gid == 0)
		what = "group";
	if (what != NULL)
		return err_set(err, ERR_CONFIG, "parameter %s: user %s has "
		    "privileged %s ID", parameter, name, what);
	a->uid = pw->pw_uid;
	a->gid = pw->pw_gid;
	return 0;
}

static int
check_group(const char *name, struct account *a, struct err *err)
{
	struct group *gr = getgrnam(name);

	if (gr == NULL)
		return err_set(err, ERR_CONFIG, "parameter setgid_group: "
		    "unknown group name: %s", name);
	a->gid = gr->gr_gid;
	if (gr->gr_gid == 0)
		return err_set(err, ERR_CONFIG, "parameter setgid_group: "
		    "group %s has privileged group ID", name);
	gr = getgrgid(a->gid);
	if (gr != NULL && strcmp(gr->gr_name, name) != 0)
		return err_set(err, ERR_CONFIG, "parameter setgid_group: "
		    "group %s has the same group ID %ld as group %s", name,
		    (long)a->gid, gr->gr_name);
	return 0;
}

int
params_check_meaning(const char *name, const char *text, struct err *err)
{
	struct account a;

	if (strcmp(name, "myhostname") == 0 || strcmp(name, "mydomain") == 0)
		return is_hostname(text) ? 0 : err_set(err, ERR_CONFIG,
		    "parameter %s: bad parameter value: %s", name, text);
	/* An ordinary user's instance has no other accounts than his. */
	if (geteuid() == 0 && (strcmp(name, "default_privs") == 0 ||
	    strcmp(name, "mail_owner") == 0))
		return check_account(name, text, &a, err);
	if (geteuid() == 0 && strcmp(name, "setgid_group") == 0)
		return check_group(text, &a, err);
	if (strcmp(name, "myorigin") == 0 &&
	    text[strcspn(text, TEXT_LIST_SEP)] != '\0')
		return err_set(err, ERR_CONFIG, "myorigin parameter setting "
		    "must not contain multiple values: %s", text);
	return 0;
}

static int
check_apart(const struct account *privs, const struct account *owner,
    const struct account *group, struct err *err)
{
	const char *what = NULL;
	long id = 0;

	if (strcmp(params.default_privs, params.mail_owner) == 0)
		return err_set(err, ERR_CONFIG, "parameters default_privs and "
		    "mail_owner specify the same user %s", params.mail_owner);
	if (privs->uid == owner->uid) {
		what = "user";
		id = (long)privs->uid;
	} else if (privs->gid == owner->gid) {
		what = "group";
		id = (long)privs->gid;
	}
	if (what != NULL)
		return err_set(err, ERR_CONFIG, "parameters default_privs and "
		    "mail_owner: users %s and %s have the same %s ID: %ld",
		    params.default_privs, params.mail_owner, what, id);
	if (privs->gid == group->gid)
		return err_set(err, ERR_CONFIG, "parameters default_privs and "
		    "setgid_group: user %s and group %s have the same group "
		    "ID: %ld", params.default_privs, params.setgid_group,
		    (long)group->gid);
	if (owner->gid == group->gid)
		return err_set(err, ERR_CONFIG, "parameters mail_owner and "
		    "setgid_group: user %s and group %s have the same group "
		    "ID: %ld", params.mail_owner, params.setgid_group,
		    (long)group->gid);
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
		return err_set(err, ERR_CONFIG, "parameter mail_owner: user "
		    "%s has the same user ID %ld as user %s",
		    params.mail_owner, (long)owner.uid, pw->pw_name);
	if (check_group(params.setgid_group, &group, err) == -1)
		return -1;
	return check_apart(&privs, &owner, &group, err);
}

int
params_check(struct err *err)
{
	struct buf line = BUF_INIT;
	int rc;

	if (params_check_meaning("myhostname", params.myhostname, err) == -1 ||
	    params_check_meaning("mydomain", params.mydomain, err) == -1 ||
	    (!is_private && check_ids(err) == -1))
		return err_prefix(err, "file %s: ", params_file());
	if (strcasecmp(params.relayhost, params.myhostname) == 0)
		return err_set(err, ERR_CONFIG, "myhostname and relayhost "
		    "parameter settings must not be identical: %s",
		    params.relayhost);
	if (params_check_meaning("myorigin", params.myorigin, err) == -1)
		return -1;
	rc = params_metrics_line(&line, err);
	buf_done(&line);
	return rc == -1 ? -1 : params_check_log_json(err);
}
