/* harness_damage ROOT KEY CASES SEED [CASE]: damages the repository ROOT/repo in one way at a time and asks: does check
 * --data find it, and does any wrong byte come out of a reader? The cases: every byte with one bit flipped; truncation
 * at each 512 bytes; each 512 bytes zeroed; an object missing, empty, in the place of another of its kind, changed with
 * another, longer by a byte. CASES of them are made: the flips are drawn; 0: all. CASE: only that one. */
#include "model.h"
#include "oracle.h"

#include "tusk/check.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OBJECTS_MAX   256
#define SNAPSHOTS_MAX 16
#define SLICE         250
#define SHOWN_MAX     15
#define SECTOR        512
/* Of so many cases one is looked at by a client that has never seen the repository. */
#define STRANGER_EVERY 4

enum kind { FLIP, CUT, ZERO, MISSING, EMPTY, REPLACED, SWAPPED, LONGER };
static const char *const kinds[] = {"flip", "cut", "zero", "missing", "empty", "replaced", "swapped", "longer"};

struct object {
	char path[512];
	const char *name; /* within the repository */
	uint8_t *data;
	size_t len;
};

struct damage {
	enum kind kind;
	size_t object, other, offset;
};

struct known {
	struct tusk_id id, previous;
	uint64_t entries;
	uint8_t (*digests)[32];
};

static struct object objects[OBJECTS_MAX];
static size_t object_count, case_count, damage_count, first_flip;
static struct damage *damages;
static struct known known[SNAPSHOTS_MAX];
static size_t known_count;
static struct tusk_id remembered; /* the last one that the client wrote */
static const char *root, *key;
static size_t repo_len;

struct shared {
	size_t current, failures, judged, unread;
};
static struct shared *shared;

static int load_object(const char *path, const struct stat *status, int kind)
{
	struct object *object = &objects[object_count];

	if (kind != FTW_F || strstr(path, "/repo/tmp/") || strcmp(path + repo_len, "lock") == 0 ||
	    strcmp(path + repo_len, "reserve") == 0)
		return 0;
	if (object_count == OBJECTS_MAX)
		errx(2, "too many objects");
	snprintf(object->path, sizeof(object->path), "%s", path);
	object->name = object->path + repo_len;
	object->len = (size_t)status->st_size;
	object->data = malloc(object->len + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !object->data || read(fd, object->data, object->len) != (ssize_t)object->len)
		err(2, "%s", path);
	close(fd);
	object_count++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct object *)a)->path, ((const struct object *)b)->path);
}

static void add(enum kind kind, size_t object, size_t other, size_t offset)
{
	if ((damage_count & (damage_count - 1)) == 0)
		damages = realloc(damages, (damage_count ? damage_count * 2 : 1) * sizeof(*damages));
	if (!damages)
		err(2, "out of memory");
	damages[damage_count++] = (struct damage){kind, object, other, offset};
}

static bool alike(const struct object *a, const struct object *b)
{
	size_t length = strcspn(a->name, "/");

	return a != b && a->name[length] && strncmp(a->name, b->name, length + 1) == 0;
}

/* The flips last: of those some are drawn, of the others all. */
static void list_damages(void)
{
	for (size_t i = 0; i < object_count; i++) {
		for (size_t k = SECTOR; k < objects[i].len; k += SECTOR)
			add(CUT, i, 0, k);
		for (size_t k = 0; k < objects[i].len; k += SECTOR)
			add(ZERO, i, 0, k);
		add(MISSING, i, 0, 0);
		add(EMPTY, i, 0, 0);
		add(LONGER, i, 0, 0);
		for (size_t k = 0; k < object_count; k++) {
			if (alike(&objects[i], &objects[k]))
				add(REPLACED, i, k, 0);
			if (k > i && alike(&objects[i], &objects[k]))
				add(SWAPPED, i, k, 0);
		}
	}
	first_flip = damage_count;
	for (size_t i = 0; i < object_count; i++)
		for (size_t k = 0; k < objects[i].len; k++)
			add(FLIP, i, 0, k);
}

static void put(const struct object *object, const uint8_t *data, size_t len)
{
	int fd = open(object->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len || close(fd) < 0)
		err(2, "%s", object->path);
}

static void restore(const struct damage *damage)
{
	put(&objects[damage->object], objects[damage->object].data, objects[damage->object].len);
	if (damage->kind == SWAPPED)
		put(&objects[damage->other], objects[damage->other].data, objects[damage->other].len);
}

static void inflict(const struct damage *damage, uint64_t random)
{
	const struct object *object = &objects[damage->object], *other = &objects[damage->other];
	uint8_t *copy = malloc(object->len + 1);
	size_t len = object->len, part = len - damage->offset;

	if (!copy)
		err(2, "out of memory");
	memcpy(copy, object->data, len);
	switch (damage->kind) {
	case FLIP:
		copy[damage->offset] ^= (uint8_t)(1u << (random % 8));
		break;
	case CUT:
	case EMPTY:
		len = damage->offset;
		break;
	case ZERO:
		memset(copy + damage->offset, 0, part < SECTOR ? part : SECTOR);
		break;
	case LONGER:
		copy[len++] = (uint8_t)random;
		break;
	default:
		break;
	}
	if (damage->kind == MISSING && unlink(object->path) < 0 && errno != ENOENT)
		err(2, "%s", object->path);
	else if (damage->kind == REPLACED || damage->kind == SWAPPED)
		put(object, other->data, other->len);
	else if (damage->kind != MISSING)
		put(object, copy, len);
	if (damage->kind == SWAPPED)
		put(other, object->data, object->len);
	free(copy);
}

/* Zeroing zeros, or swapping what is equal, is no damage. */
static bool is_void(const struct damage *damage)
{
	const struct object *object = &objects[damage->object];
	size_t part = object->len - damage->offset;

	if (damage->kind != ZERO)
		return false;
	for (size_t i = 0; i < part && i < SECTOR; i++)
		if (object->data[damage->offset + i])
			return false;
	return true;
}

static const struct known *find_known(const struct tusk_id *id)
{
	for (size_t i = 0; i < known_count; i++)
		if (tusk_id_equal(&known[i].id, id))
			return &known[i];
	return NULL;
}

/* NULL, or what wrong thing came out. An error is never wrong. */
static const char *read_snapshot(struct tusk_repository *repository, const struct tusk_snapshot *snapshot)
{
	const struct known *expected = find_known(&snapshot->id);
	struct tusk_view *view TUSK_AUTO_VIEW = NULL;

	if (!expected)
		return "a snapshot appeared that was never made";
	if (tusk_view_open(repository, snapshot, &view, NULL) < 0)
		return NULL;
	if (tusk_view_entry_count(view) != expected->entries)
		return "a snapshot has another number of entries";
	for (uint64_t i = 0; i < expected->entries; i++) {
		uint8_t digest[32];

		if (oracle_entry_digest(view, i, digest, NULL) < 0)
			__atomic_fetch_add(&shared->unread, 1, __ATOMIC_RELAXED);
		else if (memcmp(digest, expected->digests[i], sizeof(digest)) != 0)
			return "WRONG bytes came out";
	}
	return NULL;
}

static const char *read_all(struct tusk_repository *repository)
{
	struct tusk_snapshot_list list TUSK_AUTO_SNAPSHOT_LIST = {0};

	if (tusk_snapshot_list_load(repository, NULL, NULL, &list, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < list.count; i++) {
		const char *wrong = read_snapshot(repository, &list.items[i]);

		if (wrong)
			return wrong;
	}
	return NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

/* A manifest that no later one names, and that the client (knows: it is asked) does not remember as its last: a killed
 * backup may have left one. */
static bool is_unknown(const char *name, bool knows)
{
	struct tusk_id id;

	if (strncmp(name, "snapshots/", 10) != 0 || tusk_hex_decode(name + 10, 64, id.bytes, 32) < 0 ||
	    (knows && tusk_id_equal(&id, &remembered)))
		return false;
	for (size_t i = 0; i < known_count; i++)
		if (tusk_id_equal(&known[i].previous, &id))
			return false;
	return true;
}

/* What is not damage to a single node: a key that was removed, a client's last manifest to all others, and notes that
 * say nothing by being absent. Reading goes on without them; that it does was judged before. */
static bool may_be_missing(const struct damage *damage, bool stranger)
{
	static const char *const folders[] = {"keys/", "marks/", "ledger/", "drills/", "forgotten/", "leases/"};
	const char *name = objects[damage->object].name;

	if (damage->kind != MISSING)
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (strncmp(name, folders[i], strlen(folders[i])) == 0)
			return true;
	return is_unknown(name, !stranger) || strcmp(name, "epoch") == 0 || strcmp(name, "condemned") == 0;
}

/* What check warns of counts as found when it names the object. */
struct heard {
	const char *name;
	bool said;
};

static void hear(void *context, const struct tusk_err *why)
{
	struct heard *heard = context;

	heard->said |= strstr(why->message, heard->name) != NULL;
}

static const char *examine(const struct damage *damage, bool stranger)
{
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
	struct heard heard = {.name = objects[damage->object].name};
	struct tusk_check_options options = {.data = true, .threads = 1, .on_warning = hear, .context = &heard};
	struct tusk_check_result result = {0};
	char place[512];

	snprintf(place, sizeof(place), "%s/stranger", root);
	if (stranger && access(place, F_OK) == 0 && nftw(place, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
		err(2, "%s", place);
	if (oracle_open_as(root, stranger ? "stranger" : "state/tusk", key, &repository, NULL) < 0)
		return NULL;
	const char *wrong = read_all(repository);
	if (wrong)
		return wrong;
	if (tusk_check_run(repository, &options, &result, NULL) == 0 && result.damaged_objects == 0 && !heard.said &&
	    !may_be_missing(damage, stranger))
		return "check --data found nothing";
	return NULL;
}

/* What the client's state says: a uuid, a counter, a snapshot. */
static void recall(void)
{
	char pattern[300], digits[65] = "";
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/state/tusk/*/writer", root);
	FILE *file = glob(pattern, 0, NULL, &found) == 0 ? fopen(found.gl_pathv[0], "re") : NULL;
	if (!file || fscanf(file, "%*s %*s %64s", digits) != 1 || tusk_hex_decode(digits, 64, remembered.bytes, 32) < 0)
		errx(2, "the client does not know what it wrote last");
	fclose(file);
	globfree(&found);
}

static void learn(void)
{
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
	struct tusk_snapshot_list list TUSK_AUTO_SNAPSHOT_LIST = {0};
	struct tusk_err why = {0};

	if (oracle_open(root, key, &repository, &why) < 0 ||
	    tusk_snapshot_list_load(repository, NULL, NULL, &list, &why) < 0)
		errx(2, "%s", why.message);
	for (size_t i = 0; i < list.count && i < SNAPSHOTS_MAX; i++) {
		struct tusk_view *view TUSK_AUTO_VIEW = NULL;
		struct known *one = &known[known_count++];

		if (tusk_view_open(repository, &list.items[i], &view, &why) < 0)
			errx(2, "%s", why.message);
		*one = (struct known){.id = list.items[i].id,
				      .previous = list.items[i].writer_previous,
				      .entries = tusk_view_entry_count(view)};
		one->digests = calloc(one->entries, sizeof(*one->digests));
		for (uint64_t k = 0; k < one->entries; k++)
			if (!one->digests || oracle_entry_digest(view, k, one->digests[k], &why) < 0)
				errx(2, "%s", why.message);
	}
}

static void judge(size_t number, uint64_t seed)
{
	const struct damage *damage = &damages[number];
	uint64_t random = seed + number;
	const char *wrong;

	random_next(&random);
	if (is_void(damage))
		return;
	inflict(damage, random);
	wrong = examine(damage, random / 8 % STRANGER_EVERY == 0);
	restore(damage);
	__atomic_fetch_add(&shared->judged, 1, __ATOMIC_RELAXED);
	if (wrong && __atomic_fetch_add(&shared->failures, 1, __ATOMIC_RELAXED) < SHOWN_MAX)
		printf("FAIL: case %zu: %s %s at %zu: %s\n", number, kinds[damage->kind], objects[damage->object].name,
		       damage->offset, wrong);
}

/* In a child, so that a death is one finding and not the end. */
static void judge_slice(const size_t *cases, size_t count, uint64_t seed)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		alarm(300);
		for (size_t i = 0; i < count; i++) {
			shared->current = cases[i];
			judge(cases[i], seed);
		}
		fflush(stdout);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		err(2, "cannot fork");
	if (status != 0) {
		shared->failures++;
		printf("FAIL: case %zu: the reader died (status %x)\n", shared->current, (unsigned)status);
		restore(&damages[shared->current]);
	}
}

static size_t *draw(size_t wanted, uint64_t seed)
{
	size_t *cases = calloc(damage_count, sizeof(*cases));

	if (!cases)
		err(2, "out of memory");
	case_count = wanted && wanted < damage_count ? wanted : damage_count;
	for (size_t i = 0; i < damage_count; i++)
		cases[i] = i;
	for (size_t i = first_flip; i < case_count; i++) {
		size_t other = i + random_next(&seed) % (damage_count - i), swap = cases[i];

		cases[i] = cases[other];
		cases[other] = swap;
	}
	return cases;
}

static int visit(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)place;
	return load_object(path, status, kind);
}

int main(int argc, char *argv[])
{
	char repo[256];

	if (argc < 5)
		errx(2, "usage: harness_damage ROOT KEY CASES SEED [CASE]");
	root = argv[1];
	key = argv[2];
	repo_len = (size_t)snprintf(repo, sizeof(repo), "%s/repo", root) + 1;
	uint64_t seed = strtoull(argv[4], NULL, 10);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || nftw(repo, visit, 16, FTW_PHYS) < 0)
		err(2, "%s", repo);
	qsort(objects, object_count, sizeof(*objects), by_name);
	for (size_t i = 0; i < object_count; i++)
		objects[i].name = objects[i].path + repo_len;
	list_damages();
	learn();
	recall();
	size_t *cases = draw(strtoull(argv[3], NULL, 10), seed), one = argc > 5 ? strtoull(argv[5], NULL, 10) : 0;
	if (argc > 5)
		judge_slice(&one, 1, seed);
	for (size_t i = 0; i < case_count && argc == 5; i += SLICE)
		judge_slice(cases + i, case_count - i < SLICE ? case_count - i : SLICE, seed);
	printf("%zu damages of %zu possible, %zu failed, %zu entries could not be read, seed %s\n", shared->judged,
	       damage_count, shared->failures, shared->unread, argv[4]);
	free(cases);
	return shared->failures ? 1 : 0;
}
