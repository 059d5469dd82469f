tusk_module(node SOURCES node.c digest.c node_local.c node_local_change.c node_local_create.c node_local_sweep.c
  cache_store.c limit.c node_cache.c node_ssh.c protocol.c ssh_child.c ssh_early.c ssh_object.c ssh_receive.c ssh_session.c ssh_write.c
  DEPENDS crypto base api_read PRIVATE Threads::Threads)
# node.c opens every kind of node; the others are modules of their own, which see the headers of this one.
target_link_libraries(tusk_node PRIVATE $<LINK_ONLY:tusk_s3>)
