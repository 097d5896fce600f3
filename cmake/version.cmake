# TOCSIN_VERSION: from git where there is a tagged checkout, else from the file VERSION.
file(STRINGS ${PROJECT_SOURCE_DIR}/VERSION TOCSIN_VERSION LIMIT_COUNT 1)
execute_process(COMMAND git describe --tags --dirty --match "v*"
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE described ERROR_QUIET
  OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE described_rc)
if(described_rc EQUAL 0)
  string(REGEX REPLACE "^v" "" TOCSIN_VERSION "${described}")
endif()
