tusk_module(replicate SOURCES nodes.c delivery.c holdings.c sync.c places.c inspect.c DEPENDS check prune api_write PRIVATE Threads::Threads)
