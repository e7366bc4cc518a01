# The Debian package: `cpack` in the build folder. It needs no more than the program to be built.

set(packaging ${CMAKE_SOURCE_DIR}/packaging)
# cpack would build everything before.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

install(TARGETS sluice RUNTIME DESTINATION bin)
install(FILES ${packaging}/systemd/sluice.service DESTINATION /lib/systemd/system)
install(FILES ${packaging}/systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME sluice.conf)
install(FILES ${packaging}/debian/prometheus.yml DESTINATION /etc/sluice)
install(FILES ${packaging}/debian/default DESTINATION /etc/default RENAME sluice)
install(FILES ${packaging}/completion/sluice.bash DESTINATION share/bash-completion/completions
  RENAME sluice)
install(FILES ${packaging}/completion/_sluice DESTINATION share/zsh/vendor-completions)
install(FILES ${packaging}/debian/copyright DESTINATION share/doc/sluice)
install(DIRECTORY examples/systemd DESTINATION share/doc/sluice/examples)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sluice)
set(CPACK_PACKAGE_CONTACT "Sluice maintainers <maintainers@sluice.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "relay agent that scrapes Prometheus targets and loses no sample")
set(CPACK_PACKAGE_DESCRIPTION "\
Sluice reads the configuration file of Prometheus, scrapes what it names, and
forwards the samples by remote write to any number of destinations. What a
destination has not acknowledged stays in a buffer on disk, over outages,
restarts and crashes.")
install(CODE "execute_process(COMMAND ${packaging}/debian/documents
  \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share\" ${PROJECT_VERSION} \"${CPACK_PACKAGE_CONTACT}\"
  COMMAND_ERROR_IS_FATAL ANY)")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${packaging}/debian/postinst ${packaging}/debian/prerm ${packaging}/debian/postrm
  ${packaging}/debian/conffiles)
set(CPACK_STRIP_FILES ON)
include(CPack)
