tusk_module(node SOURCES node.c node_local.c node_local_create.c node_local_sweep.c DEPENDS base api_read)
