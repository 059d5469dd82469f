# The node in a bucket: its parts, then the whole against a real service (Ceph's gateway).
tusk_unit_test(s3_sign s3)
tusk_unit_test(s3_parts s3)
tusk_unit_test(s3_pace s3)
foreach(target s3_xml s3_answer s3_credentials s3_place)
  tusk_fuzz_target(${target} s3)
endforeach()
add_executable(faultproxy lib/faultproxy.c)
target_link_libraries(faultproxy PRIVATE Threads::Threads)
# Run by cli/s3_node.
add_executable(test_s3_node unit/test_s3_node.c)
target_link_libraries(test_s3_node PRIVATE tusk_node tusk_fixture PkgConfig::CMOCKA Threads::Threads)
# Run by cli/s3_node and cli/ssh_pipe.
add_executable(test_foresee unit/test_foresee.c)
target_link_libraries(test_foresee PRIVATE tusk_node tusk_fixture PkgConfig::CMOCKA Threads::Threads)
foreach(topic s3 s3_faults s3_node s3_requests s3_tls s3_speed)
  add_test(NAME cli/${topic} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/cli/${topic}.sh)
  set_tests_properties(cli/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 300)
endforeach()
