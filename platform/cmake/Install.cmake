# Headers, library, command, and how find_package and pkg-config find them. Everything is relative to the prefix, so that
# an installed tree can be moved.
include(CMakePackageConfigHelpers)
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/syncline)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/syncline DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(TARGETS syncline EXPORT synclineTargets)
install(EXPORT synclineTargets NAMESPACE syncline:: DESTINATION ${config_dir})
if(TARGET syncline_cli)
  install(TARGETS syncline_cli)
endif()

# A shared library brings what it needs along by itself; whoever links a static one has to find it. In syncline.pc that is
# Requires, not Requires.private: with --static pkg-config would also name what libcurl itself is made of, and few systems
# have all of that to link.
set(pkgconfig_requires)
if(NOT BUILD_SHARED_LIBS)
  set(needs_dependencies TRUE)
  list(APPEND pkgconfig_requires "libcurl >= 7.87" "libcrypto >= 3.0" "zlib")
  if(TARGET syncline_sqlite)
    set(sqlite_is_bundled TRUE)
  else()
    list(APPEND pkgconfig_requires "sqlite3 >= 3.35")
  endif()
endif()
list(JOIN pkgconfig_requires ", " pkgconfig_requires)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/synclineConfig.cmake.in synclineConfig.cmake
                              INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(synclineConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/synclineConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/synclineConfigVersion.cmake
        DESTINATION ${config_dir})

file(RELATIVE_PATH prefix_from_pkgconfig /prefix/${pkgconfig_dir} /prefix)
string(REGEX REPLACE "/$" "" prefix_from_pkgconfig "${prefix_from_pkgconfig}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/syncline.pc.in syncline.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/syncline.pc DESTINATION ${pkgconfig_dir})
