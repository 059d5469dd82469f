#include "tusk/library.h"

#include <dlfcn.h>
#include <string.h>

int tusk_library_load(const char *soname, const char *const *names, size_t count, void *functions, struct tusk_err *err)
{
	/* Never closed: threads and handlers at exit may be in it. */
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "cannot load a library: %s", dlerror());
	for (size_t i = 0; i < count; i++) {
		void *symbol = dlsym(library, names[i]);
		if (!symbol)
			return tusk_err_set(err, TUSK_E_INTERNAL, 0, "%s has no function %s", soname, names[i]);
		memcpy((char *)functions + i * sizeof(symbol), &symbol, sizeof(symbol));
	}
	return 0;
}
