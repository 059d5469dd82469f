/* What a backup could not read: the first hundred are kept, all are counted. */
#ifndef TUSK_TOOLS_PROBLEMS_H
#define TUSK_TOOLS_PROBLEMS_H

#include "report.h"
#include "tusk/backup.h"

#define TUSK_PROBLEMS_KEPT 100

struct tusk_problems {
	char *lines[TUSK_PROBLEMS_KEPT];
	size_t kept;
	uint64_t count;
};
/* path is bytes. With --json the problem is reported at once as a warning line, else it is kept for the end. */
void tusk_problems_add(struct tusk_problems *problems, const struct tusk_report *report, enum tusk_problem problem,
		       const char *path, int sys_errno);
/* Prints the lines kept and how many more there were. */
void tusk_problems_print(const struct tusk_problems *problems, FILE *out);
void tusk_problems_release(struct tusk_problems *problems);
#define TUSK_AUTO_PROBLEMS TUSK_CLEANUP(tusk_problems_release)

#endif
