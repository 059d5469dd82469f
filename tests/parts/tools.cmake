tusk_unit_test(opt tools)
tusk_unit_test(report tools)
tusk_unit_test(secret tools)
# The comparison of trees runs over directories that the test makes up: no library, so that its stand-ins are used.
tusk_unit_test(diff api_base base api_read)
target_sources(test_diff PRIVATE ${CMAKE_SOURCE_DIR}/tools/diff.c ${CMAKE_SOURCE_DIR}/tools/walk.c)
target_include_directories(test_diff PRIVATE ${CMAKE_SOURCE_DIR}/tools)

foreach(topic backup browse check diff dump errors init interrupt json keys mount options restore_proof secrets snapshots)
  add_test(NAME cli/${topic} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/${topic}.sh)
  set_tests_properties(cli/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77
    TIMEOUT 300)
endforeach()
