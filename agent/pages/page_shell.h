// What all pages have around their content: head, navigation, foot.
#pragma once

#include <string>
#include <string_view>

#include "agent/http_server.h"
#include "agent/pages/html.h"

namespace sluice::agent {

// The pages, each by the path that it has, "targets".
bool IsPage(std::string_view path);

// A whole page. All its links are relative, so that it works below any prefix.
std::string PageText(std::string_view path, const Html& content);

// The same with what tells a browser to run and load nothing but our own files.
HttpServerResponse PageAnswer(std::string_view path, const Html& content);

}  // namespace sluice::agent
