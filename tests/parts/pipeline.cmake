tusk_unit_test(pipeline tools)
tusk_fuzz_target(pipeline pipeline)
tusk_fuzz_target(drill drill)
foreach(topic only pipeline pipeline_nodes run report drill prune_shared)
  add_test(NAME cli/${topic} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/${topic}.sh)
  set_tests_properties(cli/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77
    TIMEOUT 300)
endforeach()
