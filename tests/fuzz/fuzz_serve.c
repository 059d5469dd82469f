/* The far side of ssh: the input is what an append-only client sends after its hello. What was there must stay. */
#include "fileio.h"
#include "fixture.h"
#include "node.h"
#include "protocol.h"

#include "tusk/hash.h"
#include "tusk/id.h"
#include "tusk/serve.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char place[64];
static char path[80];
static char pack_name[TUSK_NODE_NAME_SIZE];
static const char content[] = "what was there";
static int null_fd = -1;

static void remove_place(void)
{
	tusk_test_remove(place);
}

static void prepare(void)
{
	struct tusk_node *node = NULL;
	char digits[TUSK_ID_TEXT_SIZE];
	uint8_t hash[TUSK_SHA256_SIZE];

	if (null_fd >= 0)
		return;
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	tusk_test_directory(place);
	atexit(remove_place);
	snprintf(path, sizeof(path), "%s/node", place);
	tusk_sha256(content, sizeof(content), hash);
	tusk_hex_encode(hash, sizeof(hash), digits);
	snprintf(pack_name, sizeof(pack_name), "packs/%.2s/%s", digits, digits);
	if (null_fd < 0 || tusk_node_create(path, &node, NULL) < 0 ||
	    tusk_node_put(node, pack_name, content, sizeof(content), NULL) < 0 ||
	    tusk_node_put(node, "tusk.repository", content, sizeof(content), NULL) < 0)
		abort();
	tusk_node_close(node);
}

static void check_unchanged(void)
{
	static const char *const names[] = {pack_name, "tusk.repository"};
	struct tusk_node *node = NULL;
	uint64_t size;

	if (tusk_node_open(path, &node, NULL) < 0)
		abort();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct tusk_buf data TUSK_AUTO_BUF = {0};

		if (tusk_node_get(node, names[i], sizeof(content), &data, NULL) != TUSK_NODE_FOUND ||
		    data.len != sizeof(content) || memcmp(data.data, content, sizeof(content)) != 0)
			abort();
	}
	if (tusk_node_stat(node, "epoch", &size, NULL) != TUSK_NODE_ABSENT)
		abort();
	tusk_node_close(node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hello[] = {4, 0, 0, 0, 1, 0, 0, 0, TUSK_REQUEST_HELLO, 1, 0, 1, 0};
	int in TUSK_AUTO_FD = memfd_create("requests", MFD_CLOEXEC);

	prepare();
	if (in < 0 || tusk_write_full(in, hello, sizeof(hello), "requests", NULL) < 0 ||
	    tusk_write_full(in, data, size, "requests", NULL) < 0 || lseek(in, 0, SEEK_SET) < 0)
		abort();
	struct tusk_serve_options options = {.path = path, .role = "append-only", .in = in, .out = null_fd};
	struct tusk_err err = {0};
	if (tusk_serve_run(&options, &err) < 0 && err.code == TUSK_OK)
		abort();
	check_unchanged();
	return 0;
}
