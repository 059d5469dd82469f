#include "reads.h"

#include "fileio.h"
#include "nodeset.h"
#include "state.h"
#include "tusk/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define LOG_FILE  "reads.log"
#define LOG_MAX   ((size_t)64 << 20)
#define LINE_SIZE 1500 /* 17 names with their bytes */

void tusk_reads_note(struct tusk_repository *repository)
{
	char line[LINE_SIZE];
	uint64_t all = 0;
	int len;

	if (!repository->purpose || !repository->node || !repository->state_dir)
		return;
	len = snprintf(line, sizeof(line), "%.100s", repository->purpose);
	for (size_t i = 0; i < repository->nodes.count && i < tusk_node_member_count(repository->node); i++) {
		uint64_t bytes = tusk_node_member_read_bytes(repository->node, i);

		all += bytes;
		if (bytes)
			len += snprintf(line + len, sizeof(line) - (size_t)len, " %s=%llu",
					repository->nodes.items[i].name, (unsigned long long)bytes);
	}
	if (all)
		tusk_state_note(repository->state_dir, LOG_FILE, line);
}

/* The notes are a file like any other: numbers that make no sense end at the largest. */
static void add(uint64_t *sum, uint64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = UINT64_MAX;
}

/* "NODE=BYTES", up to a space or the end of the line. */
static void sum_word(const char *word, size_t len, const struct tusk_nodes *nodes, uint64_t *bytes, uint64_t *all)
{
	const char *equals = memchr(word, '=', len);
	char name[TUSK_MEMBER_NAME_SIZE] = "";
	uint64_t value;
	size_t i;

	if (!equals || (size_t)(equals - word) >= sizeof(name) || equals[1] < '0' || equals[1] > '9')
		return;
	memcpy(name, word, (size_t)(equals - word));
	value = strtoull(equals + 1, NULL, 10);
	i = tusk_nodes_find(nodes, name);
	if (i < nodes->count)
		add(&bytes[i], value);
	add(all, value);
}

void tusk_reads_sum(const char *text, const struct tusk_nodes *nodes, uint64_t ret_bytes[TUSK_NODES_MAX + 1],
		    uint64_t *ret_all)
{
	memset(ret_bytes, 0, (TUSK_NODES_MAX + 1) * sizeof(*ret_bytes));
	*ret_all = 0;
	while (*text) {
		size_t len = strcspn(text, " \n");

		sum_word(text, len, nodes, ret_bytes, ret_all);
		text += len + (text[len] != '\0');
	}
}

int tusk_nodes_read_bytes(const struct tusk_repository *repository, uint64_t ret_bytes[TUSK_NODES_MAX + 1],
			  uint64_t *ret_all, struct tusk_err *err)
{
	int folder TUSK_AUTO_FD = open(repository->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	struct tusk_err why = {0};

	if (folder >= 0 && tusk_read_file(folder, LOG_FILE, LOG_MAX, &text, &why) < 0 && why.sys_errno != ENOENT) {
		if (err)
			*err = why;
		return -1;
	}
	if (tusk_buf_append(&text, "", 1) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	tusk_reads_sum((const char *)text.data, &repository->nodes, ret_bytes, ret_all);
	return 0;
}
