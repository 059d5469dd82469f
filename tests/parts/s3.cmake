# The node in a bucket: its parts, then the whole against a real service (Ceph's gateway).
tusk_unit_test(s3_sign s3)
add_executable(faultproxy lib/faultproxy.c)
target_link_libraries(faultproxy PRIVATE Threads::Threads)
foreach(topic s3 s3_faults)
  add_test(NAME cli/${topic} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/cli/${topic}.sh)
  set_tests_properties(cli/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 300)
endforeach()
