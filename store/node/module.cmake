tusk_module(node SOURCES node.c digest.c node_local.c node_local_change.c node_local_create.c node_local_sweep.c
  DEPENDS crypto base api_read)
# node.c opens every kind of node; the others are modules of their own, which see the headers of this one.
target_link_libraries(tusk_node PRIVATE $<LINK_ONLY:tusk_s3>)
