# Third-party libraries. The first block is all that the library which apps embed may link.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL TRUE)  # a project that this one is a part of links them too
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CURL 7.87 REQUIRED)
find_package(ZLIB REQUIRED)  # gzip of what is sent; what comes, libcurl unpacks with it
find_package(nlohmann_json 3.11 REQUIRED)
find_package(Boost 1.74 REQUIRED)  # headers: Signals2 in the client, Beast in the service
if(SYNCLINE_SQLITE STREQUAL "system")
  find_package(SQLite3 3.35 REQUIRED)
else()
  include(BundledSqlite)
endif()

if(SYNCLINE_SERVICE)
  find_package(spdlog 1.10 REQUIRED)
  find_package(tomlplusplus 3.3 REQUIRED)
  find_package(CLI11 2.1 REQUIRED)
endif()
if(SYNCLINE_TESTS)
  find_package(GTest 1.12 REQUIRED)
endif()
if(SYNCLINE_BENCHMARKS)
  find_package(benchmark 1.7 REQUIRED)
endif()
