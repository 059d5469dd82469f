tusk_module(node SOURCES node.c digest.c node_local.c node_local_change.c node_local_create.c node_local_sweep.c
  DEPENDS crypto base api_read)
