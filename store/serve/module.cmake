tusk_module(serve SOURCES serve.c serve_answer.c serve_commit.c serve_handle.c serve_roles.c serve_upload.c serve_work.c
  DEPENDS node api_write PRIVATE Threads::Threads)
