# Language, warnings and sanitizers for everything that is built here.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
include(GNUInstallDirs)

add_library(syncline_settings INTERFACE)
# Designated initializers leave members out on purpose; every one has a default.
target_compile_options(syncline_settings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wno-missing-field-initializers)
if(PROJECT_IS_TOP_LEVEL)  # another compiler's new warning must not break somebody else's build
  target_compile_options(syncline_settings INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC bug 105651: with optimization, joining strings is taken for overlapping copies.
  target_compile_options(syncline_settings INTERFACE -Wno-restrict)
endif()

if(SYNCLINE_SANITIZE)
  add_compile_options(-fsanitize=${SYNCLINE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SYNCLINE_SANITIZE})
endif()
