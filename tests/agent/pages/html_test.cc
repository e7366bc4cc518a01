#include "agent/pages/html.h"

#include <catch2/catch.hpp>

namespace sluice::agent {

TEST_CASE("whatever means something in HTML is escaped", "[pages]") {
  CHECK(EscapeHtml("<script>alert('x')</script> & \"y\"") ==
        "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;");
  CHECK(EscapeHtml(std::string_view("a\0b\x1b\xff\n\tc", 8)) ==
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd\xef\xbf\xbd\n\tc");
  CHECK(EscapeHtml("\xc3\xa9") == "\xc3\xa9");
}

TEST_CASE("the query of a link holds any text", "[pages]") {
  CHECK(EscapeQuery("a {b=\"c&d\"}#\xc3\xa9") == "a%20%7Bb%3D%22c%26d%22%7D%23%C3%A9");
}

TEST_CASE("only literals of the program are markup", "[pages]") {
  Html html;
  html.Raw("<b>").Text("<i>").Raw("</b>").Number(3).Add(Html().Text("&"));
  CHECK(html.text() == "<b>&lt;i&gt;</b>3&amp;");
}

}  // namespace sluice::agent
