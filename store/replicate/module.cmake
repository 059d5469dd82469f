tusk_module(replicate SOURCES nodes.c DEPENDS repository api_write PRIVATE Threads::Threads)
