tusk_module(replicate SOURCES nodes.c delivery.c holdings.c sync.c places.c inspect.c DEPENDS check api_write PRIVATE Threads::Threads)
