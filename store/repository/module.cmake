tusk_module(repository SOURCES repository.c init.c DEPENDS keys pack index snapshot PRIVATE Threads::Threads)
