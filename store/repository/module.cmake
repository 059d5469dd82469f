tusk_module(repository SOURCES repository.c open_nodes.c reads.c state.c stats.c writer.c slots.c init.c DEPENDS nodeset keys pack index snapshot api_write PRIVATE Threads::Threads)
