tusk_module(replicate SOURCES nodes.c delivery.c holdings.c sync.c DEPENDS repository api_write PRIVATE Threads::Threads)
