/*
 * unit.h - how a unit test ends: run what main has gathered
 *
 *	TCase *tc = tcase_create("buf");
 *
 *	tcase_add_test(tc, a_buffer_starts_empty);
 *	return unit_run("buf", tc);
 */
#ifndef T_UNIT_UNIT_H
#define T_UNIT_UNIT_H

#include <check.h>

/* unit_run_suite - run all, as CK_* variables ask; the exit status for main */
static inline int
unit_run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

/* unit_run - the same for a suite of one case */
static inline int
unit_run(const char *name, TCase *tc)
{
	Suite *suite = suite_create(name);

	suite_add_tcase(suite, tc);
	return unit_run_suite(suite);
}

/* UNIT_LOOP - a loop test over all elements of an array */
#define UNIT_LOOP(tc, test, table) \
	tcase_add_loop_test(tc, test, 0, \
	    (int)(sizeof(table) / sizeof((table)[0])))

#endif
