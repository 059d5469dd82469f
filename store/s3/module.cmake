# Only the headers: http.c loads the library when it is needed.
pkg_check_modules(CURL REQUIRED libcurl)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
tusk_module(s3 SOURCES text.c place.c credentials.c sign.c answer.c xml.c retry.c connect.c http.c client.c call.c redirect.c pace.c node_s3.c node_s3_create.c
  node_s3_list.c node_s3_read.c node_s3_write.c node_s3_upload.c node_s3_change.c node_s3_foresee.c ping.c
  DEPENDS node crypto base api_write PRIVATE PkgConfig::EXPAT Threads::Threads)
target_include_directories(tusk_s3 SYSTEM PRIVATE ${CURL_INCLUDE_DIRS})
