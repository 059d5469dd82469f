tusk_module(check SOURCES check.c DEPENDS reader api_write PRIVATE Threads::Threads)
