# Whole-program tests of what users are promised.
foreach(topic torture)
  add_test(NAME acceptance/${topic} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/acceptance/${topic}.sh)
  set_tests_properties(acceptance/${topic} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900 ENVIRONMENT TUSK_BUILD=${CMAKE_BINARY_DIR})
endforeach()
