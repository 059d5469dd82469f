# The views beside snapshots/, and what else looks over all snapshots.
foreach(topic sums versions views_more vxattr)
  add_test(NAME fs/${topic} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/fs/${topic}.sh)
  set_tests_properties(fs/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 120)
endforeach()
foreach(topic completion history rot)
  add_test(NAME cli/${topic} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/cli/${topic}.sh)
  set_tests_properties(cli/${topic} PROPERTIES ENVIRONMENT "TUSK_BUILD=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77 TIMEOUT 120)
endforeach()
