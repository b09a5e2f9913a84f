/*
 * folder.h - a folder of its own as the working directory of a unit test
 *
 *	static void
 *	setup(void)
 *	{
 *		unit_folder_enter("incoming active");
 *	}
 *
 *	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
 */
#ifndef T_UNIT_FOLDER_H
#define T_UNIT_FOLDER_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"

static char unit_folder[64];

/* unit_folder_enter - make it, with these directories in it (a list), and go there */
static inline void
unit_folder_enter(const char *dirs)
{
	char *copy = xstrdup(dirs), *rest = copy, *dir;

	snprintf(unit_folder, sizeof(unit_folder), "/tmp/posthorn-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(unit_folder));
	ck_assert_int_eq(chdir(unit_folder), 0);
	while ((dir = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		ck_assert_int_eq(mkdir(dir, 0700), 0);
	free(copy);
}

static inline void
unit_folder_leave(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", unit_folder);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(system(command), 0);
}

#endif
